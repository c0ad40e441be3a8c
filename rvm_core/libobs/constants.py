"""Values of libobs's enums and macros; checked against the C headers by tests/contract.

Names are those of the headers.
"""

from __future__ import annotations

# obs.h
OBS_TASK_UI = 0

# obs-source.h
OBS_SOURCE_TYPE_FILTER = 1
OBS_SOURCE_VIDEO = 1 << 0
OBS_SOURCE_ASYNC = 1 << 2
OBS_SOURCE_CUSTOM_DRAW = 1 << 3
OBS_SOURCE_SRGB = 1 << 15

# graphics/graphics.h
GS_RGBA = 3
GS_RGBA16F = 9
GS_ZS_NONE = 0
GS_DYNAMIC = 1 << 1
GS_CLEAR_COLOR = 1 << 0
GS_BLEND_ZERO = 0
GS_BLEND_ONE = 1
GS_BLEND_SRCALPHA = 4
GS_BLEND_INVSRCALPHA = 5
GS_CS_SRGB = 0
GS_CS_SRGB_16F = 1
GS_CS_709_EXTENDED = 2

# obs-properties.h
OBS_COMBO_TYPE_LIST = 2
OBS_COMBO_FORMAT_STRING = 3
OBS_TEXT_INFO = 3
OBS_TEXT_INFO_NORMAL = 0
OBS_TEXT_INFO_WARNING = 1
OBS_TEXT_INFO_ERROR = 2
OBS_PATH_FILE = 0

# obs-frontend-api.h
OBS_FRONTEND_EVENT_SCENE_CHANGED = 8

# util/base.h
LOG_ERROR = 100
LOG_WARNING = 200
LOG_INFO = 300

# util/threading.h
OS_EVENT_TYPE_AUTO = 0
