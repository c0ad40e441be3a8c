"""Engines made beside the worker, so that the one at work goes on until the next is ready."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rvm_core.errors import InferenceError, ProviderError, RvmError
from rvm_core.interruption import Interrupted, Interruption
from rvm_core.obs_filter.courtesy import yield_to_obs
from rvm_core.obs_filter.ending import working
from rvm_core.obs_filter.language import tr

if TYPE_CHECKING:
    from rvm_core.matting import Matting


_log = logging.getLogger(__name__)


class Wish(NamedTuple):
    """What the settings ask for, as ``Matting`` takes it."""

    model: str
    quality: str
    provider: str
    threads: int


class _Wanted(NamedTuple):
    wish: Wish
    download: bool
    interruption: Interruption


@dataclass(frozen=True)
class Loaded:
    """The engine of a wish, or why there is none.

    refusal: why it runs on the processor and not on the provider of the wish.  seconds: that it took.
    """

    engine: Matting | None
    problem: RvmError | None = None
    refusal: ProviderError | None = None
    seconds: float = 0.0


class Loader:
    """Grants the last wish on a thread of its own, and finds out whether another provider is faster.

    Public methods: one thread, the worker's.  `wake` is called from the loader's thread when :meth:`take` has
    something to give: the engine of the wish, and perhaps a faster one later.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._wanted: _Wanted | None = None
        self._loaded: Loaded | None = None
        self._thread: threading.Thread | None = None
        self.text = ""
        """What is being loaded, for people; empty when nothing is."""

    def load(self, wish: Wish, *, download: bool) -> None:
        """Make the engine of `wish`, whose model may be fetched; what was wished for before is forgotten."""
        with self._lock:
            self._abandon()
            self._wanted = _Wanted(wish, download, Interruption())
            if self._thread is None:
                # Daemon: a download may hang in the network while OBS quits.
                self._thread = threading.Thread(target=self._run, name="obs-rvm loader", daemon=True)
                self._thread.start()

    def take(self) -> Loaded | None:
        """What has become of the last wish, once."""
        with self._lock:
            loaded, self._loaded = self._loaded, None
            return loaded

    def stop(self) -> None:
        """No engine comes any more, and `wake` is not called again.  Any thread.

        A download, an engine or a trial under way is interrupted, not waited for.
        """
        with self._lock:
            self._abandon()

    def _abandon(self) -> None:
        if self._wanted is not None:
            self._wanted.interruption.set()
        self._wanted = None
        self._drop_loaded()

    def _drop_loaded(self) -> None:
        if self._loaded is not None and self._loaded.engine is not None:
            self._loaded.engine.close()
        self._loaded = None

    def _run(self) -> None:
        yield_to_obs()
        granted: _Wanted | None = None
        while True:
            with self._lock:
                wanted = self._wanted
                if wanted is None or wanted is granted:
                    self._thread = None
                    return
            granted = wanted
            try:
                with wanted.interruption.applied():
                    self._grant(wanted)
            except Interrupted:
                self.text = ""

    def _grant(self, wanted: _Wanted) -> None:
        try:
            self._fetch(wanted)
            with working():
                loaded = _built(wanted.wish)
        except RvmError as problem:
            self._give(wanted, Loaded(None, problem))
            return
        except Exception as cause:
            unknown = RvmError(f"{wanted.wish.model} cannot be loaded ({cause}).", "Choose another model.")
            self._give(wanted, Loaded(None, unknown))
            return
        assert loaded.engine is not None
        is_auto = wanted.wish.provider == "auto"
        trial = loaded.engine.provider_trial()
        self._give(wanted, loaded)
        try:
            with working():
                if is_auto and trial(lambda: self._wanted is wanted):
                    self._give(wanted, _built(wanted.wish))
        except Exception:  # what was given goes on, and the next wish must find this thread alive
            _log.exception("no other provider was found for %s", wanted.wish.model)

    def _fetch(self, wanted: _Wanted) -> None:
        """See that the model is there."""
        from rvm_core.models import ensure

        name = wanted.wish.model

        def follow(done: int, total: int) -> None:
            wanted.interruption.check()
            share = (
                10 * (10 * done // total) if total else 0
            )  # in steps: each makes OBS build its window anew
            size = f"{total / 1e6:.0f}"
            self.text = tr(
                "{name} is being fetched: {share} % of {size} MB.", name=name, share=share, size=size
            )

        self.text = tr("{name} is being loaded.", name=name)
        ensure(name, download=wanted.download, progress=follow)
        wanted.interruption.check()
        self.text = tr("{name} is being loaded.", name=name)

    def _give(self, wanted: _Wanted, loaded: Loaded) -> None:
        with self._lock:
            if self._wanted is wanted:
                self._drop_loaded()
                self._loaded, self.text = loaded, ""
                self._wake()  # not after stop: then nobody is there to be woken
            elif loaded.engine is not None:
                loaded.engine.close()


def _built(wish: Wish) -> Loaded:
    from rvm_core.matting import Matting

    started = time.monotonic()

    def on(provider: str, refusal: ProviderError | None = None) -> Loaded:
        engine = Matting(wish.model, wish.quality, provider, wish.threads)
        try:
            engine.rehearse()  # or the worker would, while viewers wait
        except InferenceError:
            pass  # the first picture will tell
        except BaseException:
            engine.close()
            raise
        return Loaded(engine, refusal=refusal, seconds=time.monotonic() - started)

    try:
        return on(wish.provider)
    except ProviderError as refusal:
        return on("cpu", refusal)
