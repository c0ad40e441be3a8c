"""From pictures to mattes."""

from __future__ import annotations

from rvm_core.matting.engine import Matte, Matting, MattingInfo
from rvm_core.matting.size import internal_size, level_for

__all__ = ["Matte", "Matting", "MattingInfo", "internal_size", "level_for"]
