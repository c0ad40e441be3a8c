"""OpenCV as rooms that come into OBS import it: late, since loading takes time, and ours."""

from __future__ import annotations

from rvm_core.own_packages import own

with own("cv2"):
    import cv2

__all__ = ["cv2"]
