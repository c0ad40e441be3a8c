"""Our packages beside those of OBS's other scripts, with which we share one interpreter.

Other scripts import what they would import without us: `sys.path` is left alone, and our folders are searched
after everything else.  What we import, we import within :func:`own`, where they are searched first, for the
importing thread alone.

A package that is loaded is everybody's, since `sys.modules` knows one of each name.  So a script that imports
numpy after us gets ours, and we work with the numpy of one that came before us.  Only a package that works
twice in a process can be had beside another script's.  OpenCV and onnxruntime do (tried on Linux with two
versions of each, in both orders); a second onnx ends the process.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, DistributionFinder

_folders: list[str] = []
"""Empty outside of OBS, where nobody shares the interpreter."""
_apart: dict[str, dict[str, ModuleType]] = {}
"""Our modules of packages that another script has loaded too, by the name of the package."""
_swapping = threading.Lock()


class _Thread(threading.local):
    depth = 0
    """How many blocks of `own` this thread is in."""


_thread = _Thread()


def use(folders: Sequence[str]) -> None:
    """From now on our packages are those in `folders`, the first of which is preferred.

    UI thread, before anything is imported from there.
    """
    _folders[:] = folders
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path[:] = [_Finder(is_first=True), *sys.meta_path, _Finder(is_first=False)]


@contextlib.contextmanager
def own(package: str = "") -> Iterator[None]:
    """Import our packages in this block, whatever else is on the path.  Any thread.

    package: one that works twice in a process, and that is ours in this block even if another script has
    loaded one of that name; the block imports nothing else.  Other scripts' modules are back after the block,
    and ours stay loaded.  Another thread that imports the package during the block may get ours.
    """
    _thread.depth += 1
    try:
        with _swapped(package) if package and _folders else contextlib.nullcontext():
            yield
    finally:
        _thread.depth -= 1


@contextlib.contextmanager
def on_path() -> Iterator[None]:
    """In this block our folders are on `sys.path`, behind all others, for a package that looks there itself.

    flatbuffers does for numpy, while it is imported.  Any thread; no longer than an import.
    """
    added = [folder for folder in _folders if folder not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for folder in added:
            with contextlib.suppress(ValueError):
                sys.path.remove(folder)


@contextlib.contextmanager
def _swapped(package: str) -> Iterator[None]:
    with _swapping:
        if package not in _apart and not _is_anothers(package):
            yield
            return
        theirs = _taken_out(package)
        sys.modules.update(_apart.get(package, {}))
        try:
            yield
        except BaseException:
            _taken_out(package)
            raise
        else:
            _apart[package] = _taken_out(package)
        finally:
            sys.modules.update(theirs)


def _is_anothers(package: str) -> bool:
    """Whether another script has loaded a package that we have, too."""
    if package not in sys.modules or _found(package, _folders) is None:
        return False
    try:
        module = importlib.import_module(package)  # waits for a thread that is in the middle of it
    except ImportError:
        return True
    return not _is_ours(getattr(module, "__file__", None) or "")


def _taken_out(package: str) -> dict[str, ModuleType]:
    """The modules of `package`, which nobody can import now."""
    names = [name for name in list(sys.modules) if name.partition(".")[0] == package]
    return {name: sys.modules.pop(name) for name in names}


def _is_ours(path: str) -> bool:
    return any(path.startswith(folder + os.sep) for folder in _folders)


def _put_on_path_by(package: str) -> list[str]:
    """Folders of our `package` on the path.

    OpenCV puts one there while it is imported, and imports the compiled module of its own name from it.
    """
    roots = [Path(folder, package).resolve() for folder in _folders]
    return [entry for entry in sys.path if not {Path(entry), *Path(entry).parents}.isdisjoint(roots)]


def _found(name: str, places: Sequence[str], target: ModuleType | None = None) -> ModuleSpec | None:
    """The module in `places`; no folder without an ``__init__.py``, which may have parts elsewhere."""
    spec = PathFinder.find_spec(name, places, target)
    return spec if spec is not None and spec.loader is not None else None


class _Finder(MetaPathFinder):
    """Finds what lies in our folders: first, for a thread that asks for ours, or last, for everybody."""

    def __init__(self, *, is_first: bool) -> None:
        self._is_first = is_first

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See importlib."""
        if self._is_first and not _thread.depth:
            return None
        places, (parent, _, _) = [*_put_on_path_by(name), *_folders], name.rpartition(".")
        if path is not None:
            if getattr(sys.modules[parent], "__file__", None) is not None:
                return None  # all of a regular package lies in one folder
            places = [str(Path(folder, *parent.split("."))) for folder in _folders]
        found = _found if self._is_first else PathFinder.find_spec
        return found(name, places, target)

    def find_distributions(self, context: DistributionFinder.Context) -> Iterable[Distribution]:
        """See importlib.metadata."""
        from importlib.metadata import DistributionFinder, MetadataPathFinder

        if (self._is_first and not _thread.depth) or "path" in vars(context):
            return ()
        return MetadataPathFinder.find_distributions(
            DistributionFinder.Context(name=context.name, path=_folders)
        )
