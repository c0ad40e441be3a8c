"""The project's source as parsed modules: what the laws look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = ("rvm_core", "installer", "obs_rvm_filter.py")


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str  # dotted, a package by its own name
    is_package: bool
    tree: ast.Module

    def at(self, node: ast.AST, problem: str) -> str:
        """`problem` with the place where it stands."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}: {problem}"


@dataclass(frozen=True)
class Import:
    """One name that a module imports: the module it comes from, and the name in it ("" for all of it)."""

    origin: str
    name: str
    node: ast.stmt
    is_late: bool  # inside a function: not run when the module is imported

    @property
    def target(self) -> str:
        """The dotted path of what is imported, module or member."""
        return f"{self.origin}.{self.name}" if self.name else self.origin


def parse(name: str, text: str, *, is_package: bool = False) -> Module:
    """A module out of its text."""
    return Module(name, is_package, ast.parse(text))


def shipped_modules() -> list[Module]:
    """Every Python file that users get."""
    found: list[Module] = []
    for entry in SHIPPED:
        root = PROJECT / entry
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            parts = list(path.relative_to(PROJECT).with_suffix("").parts)
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(parse(name, path.read_text(encoding="utf-8"), is_package=is_package))
    return found


def imports(module: Module) -> Iterator[Import]:
    """Every import in `module`, wherever it stands; relative ones resolved."""
    late = {
        id(inner)
        for outer in ast.walk(module.tree)
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in ast.walk(outer)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node, id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(_origin(module, node), alias.name, node, id(node) in late)


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])
