"""Hold all scenes and sources while OBS removes them, against a crash of OBS 31.1 and newer.  UI thread.

OBS removes every scene while libobs goes through their list (``obs_canvas_enum_scenes`` in obs.c).  Since
31.1 that may release the last reference, so another thread may free the scene before libobs reads from it
which one is next.  Then all others stay, OBS logs "Not all sources were cleared" and crashes at its end.
"""

from __future__ import annotations

from rvm_core.libobs import api
from rvm_core.libobs import constants as c
from rvm_core.obs_filter import sources

_BEFORE_CLEARING = (
    c.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGING,
    c.OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN,
)

_held: list[int] = []  # sources


def on_event(event: int) -> None:
    """A frontend event: hold until the next one, which OBS sends when everything has been removed."""
    while _held:
        api.function("obs_source_release")(_held.pop())
    if event in _BEFORE_CLEARING:
        _held.extend(sources.hold())
