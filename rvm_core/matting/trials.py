"""No provider is trusted by its name: each proves itself before its first use, and ``auto`` goes by the
clock.

What does not give the processor's result, fails, or is slow is left out, with the reason, and is not tried
again for that version of it unless somebody asks (``ledger.forget``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rvm_core.errors import ProviderError, RvmError
from rvm_core.interruption import acquired, ending_by
from rvm_core.matting import ledger, providers
from rvm_core.matting.contract import Contract
from rvm_core.matting.ledger import Verdict
from rvm_core.matting.proof import Timing, prove, timed
from rvm_core.matting.session import USE_CPU, Session, one_line

_log = logging.getLogger(__name__)
_trying = threading.Lock()

WORTH = 0.7
"""Of the processor's time for a whole picture: what takes less is faster, for the processor looks only around
the person."""


def admitted(
    path: Path, provider: str, threads: int, size: tuple[int, int] | None, contract: Contract
) -> Session:
    """A new session of `path` on `provider`, available and other than the processor, that has proved itself.

    Raises ProviderError when it does not, or did not before; ModelContract; Interrupted.
    """
    with acquired(_trying):  # one at a time, or they would slow each other down
        return _tried(path, provider, threads, size, contract)


def _tried(
    path: Path, provider: str, threads: int, size: tuple[int, int] | None, contract: Contract
) -> Session:
    known = _known(provider, path)
    if known is not None and known.reason:
        raise _left_out(known)
    what = _what(provider, path)
    withdraw = partial(ledger.withdraw_note, provider, what)
    try:
        with ending_by(withdraw, first=partial(ledger.leave_note, provider, what)):
            session = Session(path, provider, threads, size, contract)
            reference = Session(path, "cpu", threads, None, contract)
            prove(session, reference)
            # once it was fast enough, a busy moment is no reason to leave it
            timing = Timing(known.ms, known.cpu_ms) if known else timed(session, reference)
    except ProviderError as refusal:
        verdict = Verdict(provider, what, reason=refusal.problem.rstrip("."))
        raise _leave_out(verdict) from refusal
    except Exception as fault:  # a plug-in raises what it likes
        if isinstance(fault, RvmError):  # no model: nothing more is known of the provider
            withdraw()
            raise
        raise _leave_out(Verdict(provider, what, reason=f"it failed ({one_line(fault)})")) from fault
    except BaseException:  # interrupted
        withdraw()
        raise
    ledger.record(Verdict(provider, what, "", *timing))
    _log.info("%s gives the processor's result, %.1f ms beside %.1f", provider, *timing)
    return session


def best(path: Path) -> str:
    """What ``auto`` means for `path`: the fastest of those that proved themselves, or ``cpu``."""
    known = [_known(name, path) for name in _others()]
    fast = [one for one in known if one and not one.reason and one.ms < WORTH * one.cpu_ms]
    return min(fast, key=lambda one: one.ms).provider if fast else "cpu"


def untried(path: Path) -> tuple[str, ...]:
    """The providers that are available and of which nothing is known for `path`."""
    return tuple(name for name in _others() if _known(name, path) is None)


def find_faster(beside: Session, is_wanted: Callable[[], bool]) -> bool:
    """Let every provider prove itself of which nothing is known for the model of `beside`; takes seconds.

    Any thread.  It ends early when `is_wanted` no longer holds; raises Interrupted.  Whether ``auto`` is
    another provider than that of `beside` afterwards.
    """
    for name in untried(beside.path):
        if not is_wanted():
            return False
        with contextlib.suppress(ProviderError):  # it is in the ledger and in the log
            admitted(beside.path, name, beside.threads, beside.contract.typical_size, beside.contract)
    return best(beside.path) != beside.provider


def distrust(session: Session, reason: str) -> ProviderError:
    """Leave out the provider of `session`, which ran well and then did not; the error that says so."""
    verdict = Verdict(session.provider, _what(session.provider, session.path), reason=reason.rstrip("."))
    return _leave_out(verdict)


def refusals(path: Path) -> tuple[str, ...]:
    """A clause for each provider that is available and left out for `path`: its name and why."""
    known = [_known(name, path) for name in _others()]
    return tuple(f"{one.provider}: {one.reason}" for one in known if one and one.reason)


def _others() -> tuple[str, ...]:
    return tuple(name for name in providers.available() if name != "cpu")


def _what(provider: str, path: Path) -> str:
    return f"{path.name} with {providers.available()[provider].what}"


def _known(provider: str, path: Path) -> Verdict | None:
    return ledger.find(provider, _what(provider, path))


def _leave_out(verdict: Verdict) -> ProviderError:
    ledger.record(verdict)
    _log.warning("%s is left out: %s (%s)", verdict.provider, verdict.reason, verdict.what)
    return _left_out(verdict)


def _left_out(verdict: Verdict) -> ProviderError:
    return ProviderError(f"{verdict.provider} is left out: {verdict.reason}.", USE_CPU)
