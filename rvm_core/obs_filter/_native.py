"""Compiled callbacks: C functions that libobs calls without the GIL, and the parts they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cfunc, njit


def callback(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function to a C callback of `signature`, cached on disk.

    `error_model="numpy"`: no division raises.  The body must not allocate, wait or log.
    """

    def compile_(body: Callable[..., Any]) -> Any:
        return cfunc(signature, cache=True, nopython=True, error_model="numpy")(body)

    return compile_


def part(body: Callable[..., Any]) -> Any:
    """A part of callbacks: compiled into each callback that uses it, and cached with it."""
    return njit(error_model="numpy")(body)
