"""What texts the source's expressions can be, found without running it."""

from __future__ import annotations

import ast
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.contract.tree import Module, imports

PLACE = "\0"
"""Stands in a text for what is known only when it runs."""


class Reader:
    """Finds out what an expression's text can be, from the source alone."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = {module.name: module for module in modules}
        self._parents = {
            id(child): parent
            for module in self.modules.values()
            for parent in ast.walk(module.tree)
            for child in ast.iter_child_nodes(parent)
        }
        self._imports = {module.name: list(imports(module)) for module in self.modules.values()}
        self._calls: dict[str, list[tuple[Module, ast.Call]]] = defaultdict(list)
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    self._calls[called(node)].append((module, node))
        self._asked_for: set[int] = set()

    def texts(self, node: ast.expr, module: Module) -> list[str] | None:
        """What `node` can be, each with PLACE for what is known only when it runs; None: nobody knows."""
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return self._joined([self._part(part, module) for part in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = [self.texts(side, module) for side in (node.left, node.right)]
            return None if not any(sides) else self._joined([side or [PLACE] for side in sides])
        if isinstance(node, ast.IfExp):
            return self._all([node.body, node.orelse], module)
        if isinstance(node, ast.BoolOp):
            return self._all(node.values, module)
        if isinstance(node, ast.Name):
            return self._named(node, module)
        return None

    def definition(self, module: Module, name: str) -> list[str]:
        """What a function called `name` can return, or a constant hold, as far as it is known."""
        found: list[str] = []
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                results = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return)]
                results += [
                    inner.value
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Subscript)
                ]
                values = [part for result in results if result is not None for part in _parts(result)]
                values += _clauses(node)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and _target(node) == name and node.value:
                values = _parts(node.value)
            else:
                continue
            found += [text for value in values for text in self.texts(value, module) or []]
        return found

    def _part(self, part: ast.expr, module: Module) -> list[str]:
        if isinstance(part, ast.FormattedValue):
            is_plain = part.conversion == -1 and part.format_spec is None
            return (self.texts(part.value, module) if is_plain else None) or [PLACE]
        return self.texts(part, module) or [PLACE]

    def _joined(self, parts: list[list[str]]) -> list[str]:
        return ["".join(choice) for choice in itertools.product(*parts)]

    def _all(self, nodes: Iterable[ast.expr], module: Module) -> list[str] | None:
        found = [self.texts(node, module) for node in nodes]
        return None if None in found else [text for one in found if one for text in one]

    def _named(self, node: ast.Name, module: Module) -> list[str] | None:
        for function in self._functions_around(node):
            if node.id in _parameters(function):
                return self._given(node.id, function, module)
            values = [
                inner.value
                for inner in ast.walk(function)
                if isinstance(inner, (ast.Assign, ast.AnnAssign))
                and _target(inner) == node.id
                and inner.value
            ]
            if values:
                return self._all(values, module)
        for statement in module.tree.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and _target(statement) == node.id:
                return self.texts(statement.value, module) if statement.value else None
        for entry in self._imports[module.name]:
            if entry.name == node.id and entry.origin in self.modules:
                origin = self.modules[entry.origin]
                return self._named(ast.Name(node.id), origin)
        return None

    def _given(self, name: str, function: ast.FunctionDef, module: Module) -> list[str] | None:
        """What the callers of `function` give for its parameter `name`."""
        if id(function) in self._asked_for:  # it calls itself
            return None
        names = [one for one in _parameters(function) if one not in ("self", "cls")]
        defaults = dict(zip(reversed(_parameters(function)), reversed(function.args.defaults), strict=False))
        place = names.index(name)
        given: list[str] = []
        self._asked_for.add(id(function))
        try:
            for caller, call in self._calls_of(function.name, module):
                by_name = {keyword.arg: keyword.value for keyword in call.keywords}
                value = call.args[place] if place < len(call.args) else by_name.get(name, defaults.get(name))
                known = None if value is None else self.texts(value, caller)
                if known is None:
                    return None
                given += known
        finally:
            self._asked_for.discard(id(function))
        return given or None

    def _calls_of(self, name: str, home: Module) -> Iterator[tuple[Module, ast.Call]]:
        """Every call of the function called `name` of the module `home`, with the module that calls."""
        for module, call in self._calls[name]:
            known = {f"{entry.origin}.{entry.name}" for entry in self._imports[module.name]}
            is_member = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
            owner = call.func.value.id if is_member else ""  # type: ignore[attr-defined, union-attr]
            is_told = known & {home.name, f"{home.name}.{name}"} and owner in (
                "",
                home.name.rpartition(".")[2],
            )
            if module is home or is_told:
                yield module, call

    def _functions_around(self, node: ast.AST) -> Iterator[ast.FunctionDef]:
        while (parent := self._parents.get(id(node))) is not None:
            if isinstance(parent, ast.FunctionDef):
                yield parent
            node = parent


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, (ast.Tuple, ast.List)):
        return node.elts
    if isinstance(node, ast.IfExp):
        return [*_parts(node.body), *_parts(node.orelse)]
    return [node]


def _clauses(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Whole texts of several words that `function` chooses from; not its docstring, not a part of a text."""
    parts = {
        id(part)
        for node in ast.walk(function)
        for part in (node.values if isinstance(node, ast.JoinedStr) else [getattr(node, "value", None)])
        if isinstance(node, (ast.JoinedStr, ast.Expr))
    }
    for node in ast.walk(function):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        if is_text and id(node) not in parts:
            yield node


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return target.id if isinstance(target, ast.Name) else ""


def _parameters(function: ast.FunctionDef) -> list[str]:
    given = function.args
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def called(call: ast.Call) -> str:
    """The name of what is called, without what it belongs to."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
