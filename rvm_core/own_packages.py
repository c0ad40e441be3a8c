"""Our packages beside those of OBS's other scripts, with which we share one interpreter.

Other scripts import what they would import without us: our folders stand behind all others on `sys.path`.
What we import, we import within :func:`own`, where our folders come first, for the importing thread alone.

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
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

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
    sys.path += [folder for folder in folders if folder not in sys.path]
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


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
    return any(path == folder or path.startswith(folder + os.sep) for folder in _folders)


def _found(name: str, places: Sequence[str], target: ModuleType | None = None) -> ModuleSpec | None:
    """The module in `places`; a folder that may have more parts elsewhere is none."""
    spec = PathFinder.find_spec(name, places, target)
    return spec if spec is not None and spec.loader is not None else None


class _Finder(MetaPathFinder):
    """Finds our packages, for a thread that asks for them."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """What our folders have; of a package whose parts lie in several folders, such as google, ours."""
        if not _thread.depth:
            return None
        places = _folders if path is None else [entry for entry in path if _is_ours(entry)]
        return _found(name, places, target)
