"""The house laws as programs: each takes parsed modules and names every place that breaks it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

from tests.contract.tree import Import, Module, imports

# A room imports itself and rooms of lower rank; the rooms of rank 0 are plain files that may share.
RANKS = {
    "errors": 0,
    "folder_cache": 0,
    "local_paths": 0,
    "interruption": 0,
    "locks": 0,
    "outside": 0,
    "patience": 0,
    "desktop": 0,
    "settings": 0,
    "schema": 0,
    "texts": 0,
    "paths": 0,
    "own_packages": 0,
    "opencv": 0,
    "atomic_write": 0,
    "child_processes": 0,
    "presets": 0,
    "upgrades": 0,
    "backdrop": 1,
    "plates": 2,
    "kernels": 1,
    "models": 1,
    "cuts": 2,
    "matting": 2,
    "pipeline": 3,
    "video": 4,
    "libobs": 4,
    "bench": 5,
    "health": 5,
    "obs_filter": 5,
}
# The command line and the public face stand above all rooms; no room imports them.
ENTRANCES = ("cli", "__main__", "")
# What `rvm_core` itself hands on, by the room it comes from.
PUBLIC_NAMES = {"Matte": "matting", "Matting": "matting", "__version__": "errors"}

# Packages that only the named modules (or packages) may import.
SOLE_IMPORTERS = {
    "onnxruntime": ("rvm_core.matting.session", "rvm_core.matting.providers"),
    "cv2": ("rvm_core.opencv", "rvm_core.bench", "rvm_core.health", "rvm_core.video", "installer"),
    "obspython": ("obs_rvm_filter", "rvm_core.obs_filter"),
    "av": ("rvm_core.video",),  # with an FFmpeg of its own, beside which OBS's must not lie
}
# What renames something else than a file that it has just written: models/parts.py a download, which outlives
# its process; video/staging.py films and folders of pictures; installer/environment.py folders and a marker.
RENAMERS = (
    "rvm_core.atomic_write",
    "rvm_core.models.parts",
    "rvm_core.video.staging",
    "installer.environment",
)
PRINTERS = ("rvm_core.cli",)
COMPILERS = {"cfunc", "generated_jit", "guvectorize", "jit", "jit_module", "njit", "stencil", "vectorize"}
COMPILING_MODULES = ("rvm_core.kernels._jit", "rvm_core.obs_filter._native")
# Words that are a settings key by chance: module, then key, then what the word means there.
_FIELD = "a field of the native record, which holds the setting's value in another form"
_REPORT = "a field of the status report: what really runs, not what was wished"
SCHEMA_MODULES = ("rvm_core.settings", "rvm_core.schema")
KEY_HOMONYMS: dict[str, dict[str, str]] = {
    "rvm_core.cli.bench": {"quality": "the name of a benchmark"},
    "rvm_core.video.formats": {"preset": "an option of encoders"},
    "rvm_core.obs_filter.state": dict.fromkeys(("mode", "until_ready", "reset_on_scene_switch"), _FIELD),
    "rvm_core.health.running": dict.fromkeys(("model", "provider", "threads", "latency"), _REPORT),
    "rvm_core.obs_filter.details": dict.fromkeys(("model", "provider", "threads", "latency"), _REPORT),
    "rvm_core.obs_filter.status": dict.fromkeys(("model", "provider", "threads", "latency"), _REPORT),
}
# Run by the environment's Python; nothing else in the installer imports them.
INSTALLER_GUESTS = ("installer.demo", "installer.demo_pictures")
# Rooms of the package that the installer shares.
_BARE = (
    "atomic_write",
    "child_processes",
    "desktop",
    "errors",
    "local_paths",
    "locks",
    "models",
    "paths",
    "patience",
)
BARE_ROOMS = tuple(f"rvm_core.{room}" for room in _BARE)
# Imported without the environment too, so what needs it comes late.
INSTALLER_LATE = ("installer.sandbox",)


def is_within(name: str, packages: Iterable[str]) -> bool:
    """Whether `name` is one of `packages` or lies inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def ranks(modules: Iterable[Module]) -> Iterator[str]:
    """Higher rooms import lower ones, never the reverse."""
    for module in modules:
        room = _room(module.name)
        if room is None or room in ENTRANCES:
            continue
        if room not in RANKS:
            yield module.at(module.tree, f"the room {room!r} has no rank")
            continue
        for entry in imports(module):
            used = _imported_room(entry)
            if used is None or used == room:
                continue
            if used not in RANKS:
                yield module.at(entry.node, f"{room} imports {entry.target}, which is no room")
            elif RANKS[used] >= RANKS[room] > 0 or RANKS[used] > RANKS[room]:
                yield module.at(entry.node, f"{room} ({RANKS[room]}) imports {used} ({RANKS[used]})")


def meeting_place(modules: Iterable[Module]) -> Iterator[str]:
    """libobs knows nothing of pictures and networks, and they know nothing of libobs."""
    for module in modules:
        room = _room(module.name)
        for entry in imports(module):
            used = _imported_room(entry)
            if room == "libobs" and used is not None and used != "libobs" and RANKS.get(used, 1) > 0:
                yield module.at(entry.node, f"libobs imports {used}")
            if used == "libobs" and room is not None and room not in ("libobs", "obs_filter", *ENTRANCES):
                yield module.at(entry.node, f"{room} imports libobs")


def sole_importers(modules: Iterable[Module]) -> Iterator[str]:
    """A package with consequences is imported in one place."""
    for module in modules:
        for entry in imports(module):
            allowed = SOLE_IMPORTERS.get(entry.origin.split(".")[0])
            if allowed is not None and not is_within(module.name, allowed):
                yield module.at(entry.node, f"imports {entry.origin}; only {', '.join(allowed)} may")


def one_writer(modules: Iterable[Module]) -> Iterator[str]:
    """A file is written beside its place and renamed in one place: `atomic_write`."""
    for module in modules:
        if is_within(module.name, RENAMERS):
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name, count = node.func.attr, len(node.args)
            is_rename = name in ("rename", "replace") and count == 1  # str.replace has two
            is_of_os = name in ("rename", "replace", "renames") and ast.unparse(node.func.value) == "os"
            if is_rename or is_of_os or name in ("mkstemp", "NamedTemporaryFile"):
                yield module.at(node, f"calls {ast.unparse(node.func)}")


def no_print(modules: Iterable[Module]) -> Iterator[str]:
    """OBS's stdout is a logger: only the command line prints."""
    for module in modules:
        if _room(module.name) is None or is_within(module.name, PRINTERS):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id == "print":
                yield module.at(node, "print outside the command line")


def one_compiler(modules: Iterable[Module]) -> Iterator[str]:
    """Every compiled function goes through the one decorator of its kind."""
    for module in modules:
        if module.name in COMPILING_MODULES:
            continue
        for entry in imports(module):
            if entry.origin.split(".")[0] == "numba" and entry.name in COMPILERS:
                yield module.at(entry.node, f"imports numba's {entry.name}")
        numba_names = {
            alias.asname or alias.name.split(".")[0]
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name.split(".")[0] == "numba"
        }
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in COMPILERS
                and isinstance(node.value, ast.Name)
                and node.value.id in numba_names
            ):
                yield module.at(node, f"uses numba.{node.attr}")


def keys_in_schema(modules: Iterable[Module], keys: Iterable[str]) -> Iterator[str]:
    """A settings key is a literal in the schema and nowhere else."""
    known = list(keys)
    for module in modules:
        if module.name in ("rvm_core.settings", "rvm_core.schema") or not is_within(
            module.name, ("rvm_core", "obs_rvm_filter")
        ):
            continue
        for key in known:
            if key not in KEY_HOMONYMS.get(module.name, {}):
                for node in literals(module, key):
                    yield module.at(node, f"the settings key {key!r} as a literal")


def literals(module: Module, text: str) -> Iterator[ast.Constant]:
    """Every string literal that is exactly `text`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and node.value == text:
            yield node


def exported_names(modules: Iterable[Module]) -> Iterator[str]:
    """A package's `__all__` names what it binds for others: no more, no less."""
    for module in modules:
        if not module.is_package or _room(module.name) is None:
            continue
        declared = _declared_all(module)
        bound = set(_public_bindings(module))
        if declared is None:
            if bound:
                yield module.at(module.tree, f"binds {', '.join(sorted(bound))} without an __all__")
            continue
        if declared != sorted(set(declared)):
            yield module.at(module.tree, "__all__ is not sorted, or names something twice")
        for name in sorted(bound.symmetric_difference(n for n in declared if not n.startswith("__"))):
            yield module.at(module.tree, f"{name} is {'not in' if name in bound else 'only in'} __all__")


def docstrings(modules: Iterable[Module]) -> Iterator[str]:
    """Every module, and every public class, function and method, says what it is for."""
    for module in modules:
        if _room(module.name) is None:
            continue
        if ast.get_docstring(module.tree) is None:
            yield module.at(module.tree, "no module docstring")
        for qualified, node in _public_definitions(module.tree.body, ""):
            if ast.get_docstring(node) is None:
                yield module.at(node, f"{qualified} has no docstring")


def installer_is_bare(modules: Iterable[Module]) -> Iterator[str]:
    """The installer, and the rooms that it shares, run in a Python that has nothing installed yet."""
    for module in modules:
        if not is_within(module.name, ("installer", *BARE_ROOMS)) or module.name in INSTALLER_GUESTS:
            continue
        own = ("installer", *BARE_ROOMS) if is_within(module.name, ("installer",)) else BARE_ROOMS
        for entry in imports(module):
            package = entry.origin.split(".")[0]
            is_guest = is_within(entry.target, INSTALLER_GUESTS)
            if not is_guest and (is_within(entry.target, own) or package in sys.stdlib_module_names):
                continue
            if not is_guest and entry.is_late and module.name in INSTALLER_LATE:
                continue
            yield module.at(entry.node, f"imports {entry.target}, which needs more than the standard library")


def _room(name: str) -> str | None:
    """The room of a module of rvm_core: "" for rvm_core itself, None for a module of elsewhere."""
    parts = name.split(".")
    if parts[0] != "rvm_core":
        return None
    return parts[1] if len(parts) > 1 else ""


def _imported_room(entry: Import) -> str | None:
    if entry.origin != "rvm_core":
        return _room(entry.origin)
    return PUBLIC_NAMES.get(entry.name, entry.name)


def _declared_all(module: Module) -> list[str] | None:
    for node in module.tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return [str(name) for name in ast.literal_eval(node.value)]
    return None


def _public_bindings(module: Module) -> Iterator[str]:
    """Names without underscore that the top level defines, or imports from the project."""
    for node in _top_level(module.tree.body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.ImportFrom):
            is_own = is_within(_resolved(module, node), ("rvm_core",))
            names = [alias.asname or alias.name for alias in node.names] if is_own else []
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of the module's level, those under an `if` (TYPE_CHECKING) among them."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _top_level([*node.body, *node.orelse])


def _resolved(module: Module, node: ast.ImportFrom) -> str:
    return next(entry.origin for entry in imports(module) if entry.node is node)


def _public_definitions(
    body: Iterable[ast.stmt], prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if node.name.startswith("_") or _repeats_another(node):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public_definitions(node.body, f"{prefix}{node.name}.")


def _repeats_another(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """A setter, an overload or an override: its words stand at the first definition."""
    marks = {ast.unparse(decorator).split(".")[-1] for decorator in node.decorator_list}
    return bool(marks & {"setter", "overload", "override"})
