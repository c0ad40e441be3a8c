"""libobs's C headers, asked through the C compiler and a small parser of declarations."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDERS = (Path("/usr/include/obs"), Path("/usr/local/include/obs"))
_PREAMBLE = "#include <stddef.h>\n#include <stdio.h>\n"
# What the compiler is asked of a value: its kind in the terms of `Kind.kind`.
_CLASSIFIER = """
#define KIND(x) _Generic((x), _Bool: "bool", float: "float", double: "float", \\
    default: __builtin_classify_type(x) == 5 ? "pointer" : "int")
"""
_NAME = re.compile(r"\(\s*\*\s*(\w+)\s*\)|(\w+)\s*(?:\[[^\]]*\]\s*)*$")


class HeadersMissing(Exception):
    """The headers or the compiler are not installed; the message names which."""


@dataclass(frozen=True)
class Kind:
    """A C type as a call sees it: ``void``, ``pointer``, ``int``, ``float`` or ``bool``, and its bytes."""

    kind: str
    size: int


@dataclass(frozen=True)
class Signature:
    """A function as its header declares it."""

    result: Kind
    arguments: tuple[Kind, ...]
    is_variadic: bool


def folder() -> Path:
    """Where the headers lie.  Raises HeadersMissing."""
    if shutil.which("gcc") is None:
        raise HeadersMissing("gcc is not installed.")
    for candidate in FOLDERS:
        if (candidate / "obs.h").is_file():
            return candidate
    raise HeadersMissing("libobs's headers (libobs-dev) are not installed.")


def probe(scratch: Path, headers: Iterable[str], body: str) -> list[str]:
    """The lines that a C program prints: `body` is the inside of its main."""
    source, program = scratch / "probe.c", scratch / "probe"
    source.write_text(
        f"{_PREAMBLE}{_includes(headers)}{_CLASSIFIER}int main(void) {{\n{body}\nreturn 0;\n}}\n"
    )
    _run(["gcc", "-std=gnu11", "-w", f"-I{folder()}", "-o", str(program), str(source)])
    return _run([str(program)]).splitlines()


def integers(scratch: Path, headers: Iterable[str], expressions: Sequence[str]) -> dict[str, int]:
    """The value of each integer constant expression."""
    body = "\n".join(f'printf("%lld\\n", (long long)({expression}));' for expression in expressions)
    values = probe(scratch, headers, body)
    return {expression: int(value) for expression, value in zip(expressions, values, strict=True)}


def signatures(scratch: Path, functions: Mapping[str, Sequence[str]]) -> dict[str, Signature]:
    """The signature of every function, given by header; its declaration must stand in that very header."""
    text = _preprocessed(tuple(functions))
    body: list[str] = []
    parsed: list[tuple[str, bool, list[str]]] = []
    for header, names in functions.items():
        declared_here = _without_comments((folder() / header).read_text(encoding="utf-8"))
        for name in names:
            if not re.search(rf"\b{name}\s*\(", declared_here):
                raise LookupError(f"{header} does not declare {name}")
            result, parameters = declaration(text, name)
            parsed.append((name, result == "void", parameters))
            body.append(_questions(result, parameters))
    answers = iter(probe(scratch, functions, "\n".join(body)))
    found: dict[str, Signature] = {}
    for name, is_void, parameters in parsed:
        result_kind = Kind("void", 0) if is_void else _kind(next(answers))
        named = [parameter for parameter in parameters if parameter != "..."]
        found[name] = Signature(result_kind, tuple(_kind(next(answers)) for _ in named), named != parameters)
    return found


def _questions(result: str, parameters: Sequence[str]) -> str:
    """C statements that print kind and size of the result and of each parameter.

    Each becomes a member of a struct, so that the compiler reads its type and not this parser.
    """
    members = [] if result == "void" else [f"{result} returned_value"]
    members += [parameter for parameter in parameters if parameter != "..."]
    if not members:
        return ""
    asked = "".join(
        f'printf("%s %zu\\n", KIND(p->{name}), sizeof(p->{name}));' for name in map(_parameter_name, members)
    )
    return f"{{ struct {{ {'; '.join(members)}; }} value = {{0}}, *p = &value; {asked} }}"


def _kind(line: str) -> Kind:
    kind, size = line.split()
    return Kind(kind, int(size))


def declaration(text: str, name: str) -> tuple[str, list[str]]:
    """(result type, parameters) of the function `name` as C text, out of preprocessed `text`."""
    start = re.search(rf"(?<=[\s*]){name}\s*\(", text)
    if start is None:
        raise LookupError(f"no declaration of {name}")
    before = re.split(r"[;{}]", text[: start.start()])[-1]
    # Attributes, linkage and line marks say nothing of the type.
    before = re.sub(
        r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)|\b(extern|static|inline|__inline)\b", " ", before
    )
    result = " ".join(line for line in before.splitlines() if not line.startswith("#")).strip()
    depth, parameters, current = 1, [], ""
    for character in text[start.end() :]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            break
        if character == "," and depth == 1:
            parameters.append(current)
            current = ""
        else:
            current += character
    parameters.append(current)
    stripped = [" ".join(parameter.split()) for parameter in parameters]
    return result, [] if stripped in ([""], ["void"]) else stripped


def _parameter_name(parameter: str) -> str:
    match = _NAME.search(parameter)
    if match is None:
        raise LookupError(f"no name in the parameter {parameter!r}")
    return match.group(1) or match.group(2)


@cache
def _preprocessed(headers: tuple[str, ...]) -> str:
    done = subprocess.run(
        ["gcc", "-E", "-P", "-w", f"-I{folder()}", "-x", "c", "-"],
        input=_includes(headers),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def _includes(headers: Iterable[str]) -> str:
    return "#include <stdbool.h>\n" + "".join(f"#include <{header}>\n" for header in headers)


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout
