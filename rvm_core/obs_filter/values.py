"""The schema's values in libobs's `obs_data_t`.  Any thread but the graphics thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rvm_core.libobs import api
from rvm_core.settings import BY_KEY, SCHEMA, Kind

_TYPES = {
    Kind.SWITCH: "bool",
    Kind.NUMBER: "double",
    Kind.COUNT: "int",
    Kind.COLOR: "int",
    Kind.CHOICE: "string",
    Kind.PATH: "string",
    Kind.TEXT: "string",
}


def set_defaults(data: int) -> None:
    """Fill in the schema's defaults."""
    for setting in SCHEMA:
        function = api.function(f"obs_data_set_default_{_TYPES[setting.kind]}")
        function(data, setting.key.encode(), _stored(setting.default))


def read(data: int) -> dict[str, Any]:
    """The value of every key, not checked against its limits."""
    return {
        setting.key: _given(api.function(f"obs_data_get_{_TYPES[setting.kind]}")(data, setting.key.encode()))
        for setting in SCHEMA
    }


def write(data: int, values: Mapping[str, Any]) -> None:
    """Set the keys of `values`, which are of the schema; the others stay as they are."""
    for key, value in values.items():
        api.function(f"obs_data_set_{_TYPES[BY_KEY[key].kind]}")(data, key.encode(), _stored(value))


def of_source(source: int) -> dict[str, Any]:
    """:func:`read` of a living filter's settings."""
    data = api.function("obs_source_get_settings")(source)
    values = read(data)
    api.function("obs_data_release")(data)
    return values


def change(source: int, values: Mapping[str, Any]) -> None:
    """Give the filter `source` some of its settings anew, as if the user had."""
    data = api.function("obs_data_create")()
    write(data, values)
    api.function("obs_source_update")(source, data)
    api.function("obs_data_release")(data)


def _stored(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _given(value: Any) -> Any:
    return (value or b"").decode(errors="replace") if isinstance(value, (bytes, type(None))) else value
