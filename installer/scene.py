"""Sources, filters and scenes as OBS stores them in a scene collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

JSON = dict[str, Any]

TOP_LEFT = 5
BOUNDS_FIT = 2


def source(kind: str, name: str, settings: Mapping[str, Any], filters: Iterable[JSON] = ()) -> JSON:
    """Any source."""
    made = {"id": kind, "versioned_id": kind, "name": name, "settings": dict(settings)}
    chain = list(filters)
    return {**made, "filters": chain} if chain else made


def filter_entry(kind: str, name: str, settings: Mapping[str, Any], is_enabled: bool = True) -> JSON:
    """A filter in a source's chain."""
    return {**source(kind, name, settings), "enabled": is_enabled}


def image_source(name: str, file: Path, filters: Iterable[JSON] = ()) -> JSON:
    """A picture file: a source that draws itself."""
    return source("image_source", name, {"file": str(file)}, filters)


def media_source(name: str, file: Path, filters: Iterable[JSON] = (), is_looping: bool = True) -> JSON:
    """A video file, decoded by the processor: an asynchronous source, as a webcam is."""
    settings = {"local_file": str(file), "is_local_file": True, "looping": is_looping, "hw_decode": False}
    return source("ffmpeg_source", name, settings, filters)


def color_source(name: str, color: int, width: int, height: int, filters: Iterable[JSON] = ()) -> JSON:
    """One colour, 0xAABBGGRR."""
    made = source("color_source", name, {"color": color, "width": width, "height": height}, filters)
    return {**made, "versioned_id": "color_source_v3"}


def camera_source(name: str, device: str, filters: Iterable[JSON] = ()) -> JSON:
    """A Video4Linux camera."""
    return source("v4l2_input", name, {"device_id": device}, filters)


def scene(name: str, items: Sequence[str], width: int, height: int) -> JSON:
    """A scene of the sources named in `items`, the first at the back, each fitted to the canvas."""
    placed = [
        {
            "name": item,
            "id": number,
            "visible": True,
            "pos": {"x": 0.0, "y": 0.0},
            "scale": {"x": 1.0, "y": 1.0},
            "align": TOP_LEFT,
            "bounds_type": BOUNDS_FIT,
            "bounds": {"x": float(width), "y": float(height)},
            "bounds_align": 0,
        }
        for number, item in enumerate(items, 1)
    ]
    return source("scene", name, {"custom_size": False, "id_counter": len(placed), "items": placed})


def collection(
    name: str,
    sources: Sequence[JSON],
    scenes: Sequence[JSON],
    scripts: Iterable[tuple[Path, Mapping[str, Any]]],
) -> JSON:
    """A scene collection whose first scene is live; `scripts` are (path, settings)."""
    return {
        "name": name,
        "current_scene": scenes[0]["name"],
        "current_program_scene": scenes[0]["name"],
        "scene_order": [{"name": entry["name"]} for entry in scenes],
        "sources": [*sources, *scenes],
        "groups": [],
        "transitions": [],
        "current_transition": "Cut",
        "transition_duration": 300,
        "modules": {"scripts-tool": [{"path": str(path), "settings": dict(own)} for path, own in scripts]},
    }
