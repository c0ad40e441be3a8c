"""Requests that obs-websocket takes for us: ``CallVendorRequest`` with the vendor name ``obs-rvm``.

Each takes ``{"source": NAME, "filter": NAME}``; what is left out matches any, so nothing at all means every
filter.  Each answers ``{"success": bool}``, with ``"error"`` where that is false, and with ``"filters"``:
what was done, or why not, for each.  obs-websocket is optional; without it nothing is registered.

The requests come on obs-websocket's own threads, which outlive the interpreter: a native guard stops them.
Procedures and struct: obs-websocket, lib/obs-websocket-api.h, the same in 5.0 to 5.7.
"""

from __future__ import annotations

import ctypes
import json
import math
import reprlib
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numba import carray, from_dtype, types

from rvm_core import presets
from rvm_core.errors import ActionError, RvmError
from rvm_core.libobs import api, log, procs
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import external
from rvm_core.obs_filter import actions, atomics, instance
from rvm_core.obs_filter._native import callback
from rvm_core.obs_filter.instance import Instance
from rvm_core.obs_filter.parents import name_of, parent
from rvm_core.settings import PRESET_KEY

VENDOR = "obs-rvm"
_SOURCE, _FILTER = "source", "filter"
_FIELDS = (_SOURCE, _FILTER, PRESET_KEY)
LONGEST_FIELD = 60
"""Characters of an unknown field's name that the answer repeats."""
_P = ctypes.c_void_p
Values = Mapping[str, Any]


class RequestCallback(ctypes.Structure):
    """`struct obs_websocket_request_callback`, which obs-websocket copies."""

    _fields_ = [("callback", ctypes.c_void_p), ("priv_data", ctypes.c_void_p)]


# -- what is answered --------------------------------------------------------------------------------


def _act(action: actions.Action) -> Callable[[Values], Values]:
    return lambda asked: _each(asked, lambda living: {"done": actions.perform(action.do, living)})


def _list_presets(_asked: Values) -> Values:
    names = presets.names()
    return {"presets": [{"name": name, "built_in": presets.is_built_in(name)} for name in names]}


def _set_preset(asked: Values) -> Values:
    name = _text(asked, PRESET_KEY)
    if not name:
        raise ActionError("The request names no preset.", 'Give {"preset": NAME}.')
    presets.get(name)  # or there is nothing to say of each filter

    def choose(living: Instance) -> str:
        return actions.choose_preset(living, name)

    return _each(asked, lambda living: {"done": actions.perform(choose, living)})


def _status(asked: Values) -> Values:
    def of(living: Instance) -> Values:
        is_on = bool(api.function("obs_source_enabled")(living.source))
        return {**living.worker.status.snapshot(), "enabled": is_on, PRESET_KEY: living.wanted()[PRESET_KEY]}

    return _each(asked, of)


REQUESTS: Mapping[str, Callable[[Values], Values]] = {
    **{action.name: _act(action) for action in actions.ACTIONS},
    "list_presets": _list_presets,
    "set_preset": _set_preset,
    "status": _status,
}
"""What each request does with its fields, and answers beside ``success``.  Raises RvmError."""


def _each(asked: Values, do: Callable[[Instance], Values]) -> Values:
    """Let `do` the filters that are meant, each of which it may fail for."""
    source, filter_ = _text(asked, _SOURCE), _text(asked, _FILTER)
    reports: list[Values] = []
    for living in instance.living():
        with instance.held(living.address) as one, parent(living.source if one else 0) as above:
            if one is None or not above:  # on its way out
                continue
            names = {_SOURCE: name_of(above), _FILTER: one.name}
            if source not in (None, names[_SOURCE]) or filter_ not in (None, names[_FILTER]):
                continue
            try:
                reports.append({**do(one), **names})
            except RvmError as problem:
                reports.append({"error": str(problem), **names})
    if not reports:
        raise ActionError(
            "There is no such filter.", "Give the names of the source and of the filter as OBS shows them."
        )
    errors = [f"{one[_FILTER]} on {one[_SOURCE]}: {one['error']}" for one in reports if "error" in one]
    return {"filters": reports, **({"error": " ".join(errors)} if errors else {})}


def _text(asked: Values, field: str) -> str | None:
    found = asked.get(field)
    if not isinstance(found, (str, type(None))):
        raise ActionError(f"“{field}” is {reprlib.repr(found)}.", "Give a name, as text.")
    return found


def answer(request: str, asked: Values) -> dict[str, Any]:
    """What a request with the fields `asked` answers.  Any thread but the graphics thread."""
    try:
        unknown = sorted(asked.keys() - _FIELDS)
        if unknown:  # a misspelt one must not mean every filter
            raise ActionError(
                f"A request has no “{unknown[0][:LONGEST_FIELD]}”.", f"Use {', '.join(_FIELDS)}."
            )
        found = dict(REQUESTS[request](asked))
    except RvmError as problem:
        found = {"error": str(problem)}
    return {"success": "error" not in found, **found}


def _json(found: Any) -> str:
    """`found` as obs_data_t takes it: a list holds objects only, so texts become ``{"text": ...}``.

    One NaN, lone surrogate or NUL makes libobs refuse the whole JSON text, so they are taken out.
    """

    def fit(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {fit(key): fit(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [fit(one if isinstance(one, Mapping) else {"text": str(one)}) for one in value]
        if isinstance(value, str):
            return value.encode(errors="replace").decode().replace("\0", "")
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(fit(found))


# -- how it comes and goes ---------------------------------------------------------------------------

_names = list(REQUESTS)
_CALL = np.dtype([("number", "i8"), ("alive", "i8"), ("busy", "i8")])
_busy = immortal(np.zeros(1, np.int64))
"""How many requests are being answered."""
_calls = immortal(np.zeros(len(REQUESTS), _CALL))
_is_registered = False


def _answer(number: int, request: int, response: int) -> None:
    try:
        asked = json.loads(api.function("obs_data_get_json")(request) or b"{}") if request else {}
        found = answer(_names[number], asked)
    except RecursionError:
        found = {"success": False, "error": f"The fields are nested too deep. Use {', '.join(_FIELDS)}."}
    except Exception:
        log.error(f"obs-websocket asked for {_names[number]}\n{traceback.format_exc()}")
        found = {"success": False, "error": "This failed; OBS's log says how."}
    data = api.function("obs_data_create_from_json")(_json(found).encode())
    api.function("obs_data_apply")(response, data)
    api.function("obs_data_release")(data)


_python_answer = external(
    "obs_rvm_python_answer",
    types.void(types.int64, types.intp, types.intp),
    ctypes.cast(immortal(ctypes.CFUNCTYPE(None, ctypes.c_int64, _P, _P)(_answer)), _P).value or 0,
)


@callback(types.void(types.intp, types.intp, types.CPointer(from_dtype(_CALL))))
def _asked(request: int, response: int, call: Any) -> None:
    """`obs_websocket_request_callback_function`; after the interpreter's end the response stays empty."""
    c = carray(call, 1)[0]
    atomics.fetch_add(c.busy, 1)
    if atomics.load(c.alive) != 0:
        _python_answer(c.number, request, response)
    atomics.fetch_add(c.busy, -1)


_on_request = immortal(_asked).address


def register(alive: int) -> bool:
    """Offer the requests to obs-websocket, once; whether that has been done.

    UI thread.  `alive` is the address of the flag that the interpreter runs.  False where obs-websocket is
    missing or not loaded yet.
    """
    global _is_registered
    if _is_registered:
        return True
    handler = procs.call(api.function("obs_get_proc_handler")(), "obs_websocket_api_get_ph", "ph", _P)
    vendor = procs.call(handler, "vendor_register", "vendor", _P, name=VENDOR) if handler else None
    if not vendor:
        return False
    _is_registered = True
    _calls["number"], _calls["alive"], _calls["busy"] = range(len(REQUESTS)), alive, _busy.ctypes.data
    for number, name in enumerate(_names):
        pair = RequestCallback(_on_request, _calls[number : number + 1].ctypes.data)
        given = {"vendor": vendor, "type": name, "callback": ctypes.addressof(pair)}
        if not procs.call(handler, "vendor_request_register", "success", ctypes.c_bool, **given):
            log.warning(f"obs-websocket does not take the request {name}.")
    return True


def is_idle() -> bool:
    """Whether no request is being answered.  Once `alive` is 0, no other reaches Python."""
    return bool(atomics.load(_busy.ctypes.data) == 0)
