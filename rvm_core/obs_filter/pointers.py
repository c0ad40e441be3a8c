"""Addresses as typed pointers inside compiled code."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from rvm_core.obs_filter.state import RECORD


def _caster(element: Any) -> Any:
    def declare(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(address), generate

    return intrinsic(declare)


as_bytes = _caster(types.uint8)
as_numbers = _caster(types.int64)
as_record = _caster(RECORD)
