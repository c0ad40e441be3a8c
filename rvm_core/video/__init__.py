"""Video files: replace, remove or blur the background; :func:`replace_background` is the way in.

Needs PyAV, which brings its own FFmpeg: nothing here may be imported inside OBS, which has another.
Importing this package is cheap; PyAV and the network are loaded when a name that needs them is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rvm_core.video.convert import Converted, Progress, replace_background

__all__ = ["Converted", "Progress", "replace_background"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from rvm_core.video import convert

        return getattr(convert, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
