"""The one schema of settings.

OBS's properties and defaults, the worker, the command line and the README's table are all generated
from :data:`SCHEMA`.  A key, once released, is never renamed.  No heavy import here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from typing import Any

from rvm_core.errors import SettingsError
from rvm_core.paths import manifest_file, user_manifest_file


class Kind(Enum):
    """How a value is stored in an OBS scene file."""

    CHOICE = "choice"  # string out of `choices`
    NUMBER = "number"  # float within `low`..`high`
    COUNT = "count"  # int within `low`..`high`
    SWITCH = "switch"  # bool
    COLOR = "color"  # int 0xAABBGGRR, as OBS stores it
    PATH = "path"  # string


@dataclass(frozen=True)
class Setting:
    """One key of the schema.

    ``choices`` maps each stored value to the label that users read, ``file_choices`` adds those that only
    video files have; ``modes`` names the modes in which the setting does anything, ``methods`` the methods of
    models (empty: in all of them).
    ``file_help`` is the help for video files where that is another; one that is ``live_only`` has no meaning
    there.
    """

    key: str
    kind: Kind
    default: Any
    label: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    modes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    file_choices: tuple[tuple[str, str], ...] = ()
    file_help: str = ""
    live_only: bool = False

    def applies(self, mode: str, model: str) -> bool:
        """Whether the setting does anything in `mode` with `model`, a name of the registry."""
        return (not self.modes or mode in self.modes) and (
            not self.methods or _methods().get(model) in self.methods
        )

    def coerce(self, value: Any, *, for_file: bool = False) -> Any:
        """`value` as this setting stores it: clamped to its range.

        Raises SettingsError for a value of another type or an unknown choice.
        """
        try:
            if self.kind is Kind.SWITCH:
                if not isinstance(value, (bool, int)):
                    raise TypeError
                return bool(value)
            if self.kind is Kind.NUMBER:
                return min(max(float(value), self.low), self.high)
            if self.kind is Kind.COUNT:
                return int(min(max(int(value), self.low), self.high))
            if self.kind is Kind.COLOR:
                return int(value) & 0xFFFFFFFF
        except (TypeError, ValueError):
            raise SettingsError(
                f"{self.key} cannot be {value!r}.", f"Use a {self.kind.value}, for example {self.default!r}."
            ) from None
        if not isinstance(value, str):
            raise SettingsError(f"{self.key} cannot be {value!r}.", "Use a text value.")
        choices = dict(self.choices + self.file_choices if for_file else self.choices)
        if self.kind is Kind.CHOICE and value not in choices:
            raise SettingsError(f"{self.key} cannot be {value!r}.", f"Use one of: {', '.join(choices)}.")
        return value


def _of_models(field: str) -> dict[str, str]:
    """A field of each model by name; a user's manifest that cannot be read is reported by the registry."""
    found: dict[str, str] = {}
    for path in (manifest_file(), user_manifest_file()):
        try:
            models = json.loads(path.read_text(encoding="utf-8"))["models"]
            found.update({str(name): str(entry[field]) for name, entry in models.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


@cache
def _methods() -> dict[str, str]:
    return _of_models("method")


REPLACING_MODES = ("color", "image", "video")

SCHEMA: tuple[Setting, ...] = (
    Setting(
        "mode",
        Kind.CHOICE,
        "transparent",
        "Background",
        "What happens to everything that is not a person.",
        choices=(
            ("transparent", "Remove (transparent)"),
            ("blur", "Blur"),
            ("color", "Replace by a colour"),
            ("image", "Replace by an image"),
            ("matte", "Show the matte (for checking)"),
        ),
        file_choices=(("video", "Replace by a video, again and again"),),
    ),
    Setting(
        "background_color",
        Kind.COLOR,
        0xFF00FF00,
        "Background colour",
        "The colour behind the person, and beside an image that does not fill the picture.",
        modes=REPLACING_MODES,
    ),
    Setting(
        "background_file",
        Kind.PATH,
        "",
        "Background image",
        "A PNG, JPEG, WebP or BMP file.",
        modes=("image", "video"),
        file_help="A PNG, JPEG, WebP or BMP file; in video mode a video, whose sound is left out.",
    ),
    Setting(
        "background_fit",
        Kind.CHOICE,
        "cover",
        "Fit",
        "Cover fills the picture and crops, contain shows the whole image, stretch ignores its shape.",
        choices=(("cover", "Cover"), ("contain", "Contain"), ("stretch", "Stretch")),
        modes=("image", "video"),
    ),
    Setting(
        "blur_strength",
        Kind.NUMBER,
        0.5,
        "Blur strength",
        "How far out of focus the background is.",
        high=1.0,
        step=0.01,
        modes=("blur",),
    ),
    Setting(
        "bokeh_highlights",
        Kind.NUMBER,
        0.3,
        "Bokeh highlights",
        "How brightly lamps bloom into discs.",
        high=1.0,
        step=0.01,
        modes=("blur",),
    ),
    Setting(
        "quality",
        Kind.CHOICE,
        "auto",
        "Quality",
        "How finely the network looks. Automatic takes the finest level that this computer holds at "
        "30 mattes a second, and moves with its load.",
        choices=(("auto", "Automatic"), ("fast", "Fast"), ("balanced", "Balanced"), ("fine", "Fine")),
        file_help="How finely the network looks; automatic is fine.",
    ),
    Setting(
        "latency",
        Kind.CHOICE,
        "aligned",
        "Latency",
        "Frame-matched shows each picture with its own matte, a few frames late. Lowest shows the "
        "newest picture with the newest matte, which trails fast movement: beside a moving person the room "
        "shows for a moment.",
        choices=(("aligned", "Frame-matched"), ("lowest", "Lowest")),
        live_only=True,
    ),
    Setting(
        "until_ready",
        Kind.CHOICE,
        "auto",
        "While there is no matte",
        "What viewers see before the first matte and after a failure. Automatic blurs in blur mode "
        "and hides otherwise.",
        choices=(
            ("auto", "Automatic (never the room)"),
            ("hide", "Hide the picture"),
            ("blur", "Blur everything"),
            ("show", "Show the room"),
        ),
        live_only=True,
    ),
    Setting(
        "reset_on_scene_switch",
        Kind.SWITCH,
        True,
        "Start anew on scene switch",
        "Forget the previous pictures when a scene with this source goes live.",
        live_only=True,
    ),
    Setting(
        "model",
        Kind.CHOICE,
        "rvm_mobilenetv3",
        "Model",
        "Which network finds the person.",
        choices=tuple(_of_models("title").items()),
    ),
    Setting(
        "plate",
        Kind.PATH,
        "",
        "Clean plate",
        "A picture of the room without you. Background Matting V2 needs one, taken by the very camera as it "
        "stands: step out of the picture and capture it.",
        methods=("bgmv2",),
        file_help="A picture of the room without the person, from the same place of the camera, for models "
        "that need one.",
    ),
    Setting(
        "provider",
        Kind.CHOICE,
        "auto",
        "Runs on",
        "What computes the matte. Automatic is the fastest of those that gave the processor's result on this "
        "computer; whatever did not is left out, and the line above says why.",
        choices=(
            ("auto", "Automatic"),
            ("cpu", "Processor"),
            ("webgpu", "Graphics card (WebGPU)"),
            ("tensorrt", "NVIDIA TensorRT"),
            ("cuda", "NVIDIA CUDA"),
            ("openvino", "Intel OpenVINO"),
            ("mlx", "Apple MLX"),
            ("coreml", "Apple CoreML"),
            ("directml", "DirectML"),
        ),
    ),
    Setting(
        "threads",
        Kind.COUNT,
        0,
        "Processor threads",
        "How many processor threads the network may use; 0 chooses.",
        high=16,
        step=1,
    ),
)

PLATE_KEY = "plate"
"""Of the setting that the filter changes itself."""
DECIDING_KEYS = ("mode", "model")
"""What ``Setting.applies`` asks for, in its order."""

BY_KEY: Mapping[str, Setting] = {setting.key: setting for setting in SCHEMA}


@dataclass(frozen=True)
class Settings:
    """A complete, valid set of values: one field per key of the schema."""

    mode: str
    background_color: int
    background_file: str
    background_fit: str
    blur_strength: float
    bokeh_highlights: float
    quality: str
    latency: str
    until_ready: str
    reset_on_scene_switch: bool
    model: str
    plate: str
    provider: str
    threads: int

    @classmethod
    def for_file(cls, values: Mapping[str, Any]) -> Settings:
        """`values` with defaults filled in.  Raises SettingsError for a bad value or an unknown key."""
        unknown = sorted(set(values) - set(BY_KEY))
        if unknown:
            raise SettingsError(f"There is no setting {unknown[0]!r}.", f"Use: {', '.join(BY_KEY)}.")
        complete: dict[str, Any] = {}
        for setting in SCHEMA:
            given = values.get(setting.key, setting.default)
            complete[setting.key] = setting.coerce(given, for_file=True)
            if setting.kind in (Kind.NUMBER, Kind.COUNT) and complete[setting.key] != given:
                raise SettingsError(
                    f"{setting.key} cannot be {given}.", f"Use {setting.low:g} to {setting.high:g}."
                )
        return cls(**complete)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> tuple[Settings, list[SettingsError]]:
        """`values` with defaults filled in; each bad value becomes its default and an error."""
        complete: dict[str, Any] = {}
        problems: list[SettingsError] = []
        for setting in SCHEMA:
            try:
                complete[setting.key] = setting.coerce(values.get(setting.key, setting.default))
            except SettingsError as problem:
                complete[setting.key] = setting.default
                problems.append(problem)
        return cls(**complete), problems

    @property
    def has_alpha(self) -> bool:
        """Whether what is made lets through what lies behind it."""
        return self.mode == "transparent"

    @property
    def effective_until_ready(self) -> str:
        """``hide``, ``blur`` or ``show``."""
        if self.until_ready != "auto":
            return self.until_ready
        return "blur" if self.mode == "blur" else "hide"


assert [field.name for field in fields(Settings)] == list(BY_KEY)
