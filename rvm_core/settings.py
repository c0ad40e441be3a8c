"""The one schema of settings; what one setting is stands in ``schema``.

OBS's properties and defaults, the worker, the command line and the README's table are all generated
from :data:`SCHEMA`.  A key, once released, is never renamed.  No heavy import here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from rvm_core.errors import SettingsError
from rvm_core.schema import ADVANCED_KEY, MODE_KEY, MODEL_KEY, Kind, Role, Setting, of_models, shown

__all__ = [
    "ADVANCED_KEY", "AUDIO_SOURCE_KEY", "BACKGROUND_FILE_KEY", "BACKGROUND_SOURCE_KEY", "BLUR_STRENGTH_KEY",
    "BY_KEY", "GROUPS", "MODEL_KEY", "MODE_KEY", "PLATE_KEY", "PRESET_FILE_KEY", "PRESET_KEY",
    "PRESET_NAME_KEY", "PROVIDER_KEY", "QUALITY_KEY", "SCHEMA", "SHOW_STATUS_KEY", "UNTIL_READY_KEY",
    "ZONE_COUNT", "Kind", "Role", "Setting", "Settings", "Zone", "completed", "is_clamped",
]  # fmt: skip

GROUPS: Mapping[str, str] = {
    "preset": "Preset",
    "background": "Background",
    "edges": "Edges",
    "zones": "Keep zones",
    "matting": "Matting",
    "status": "Status",
}
"""The parts of the settings window, in order, and their headings."""
ZONE_COUNT = 4

_REPLACING = ("color", "image", "video", "source")


def _zone(number: int) -> Iterable[Setting]:
    """The settings of one keep zone, whose place is shown once it is used."""
    use = f"zone_{number}_use"
    before = f"zone_{number - 1}_use"
    yield Setting(
        use,
        Kind.CHOICE,
        "off",
        f"Zone {number}",
        "Something that must always stay, such as a microphone or a chair, or always go.",
        choices=(("off", "Off"), ("keep", "Always stays"), ("remove", "Always goes")),
        needs=(before, ("keep", "remove")) if number > 1 else None,
        group="zones",
        advanced=True,
        role=Role.CONTENT,
    )
    places = (
        ("left", 40.0, 0.0, "Left", "Where the zone begins, in percent of the picture's width."),
        ("top", 70.0, 0.0, "Top", "Where the zone begins, in percent of the picture's height."),
        ("width", 20.0, 1.0, "Width", "How wide the zone is, in percent of the picture's width."),
        ("height", 30.0, 1.0, "Height", "How tall the zone is, in percent of the picture's height."),
    )
    for side, default, low, label, text in places:
        yield Setting(
            f"zone_{number}_{side}",
            Kind.NUMBER,
            default,
            f"Zone {number}: {label.lower()}",
            text,
            low=low,
            high=100.0,
            step=0.5,
            unit="%",
            needs=(use, ("keep", "remove")),
            group="zones",
            advanced=True,
            role=Role.CONTENT,
        )


SCHEMA: tuple[Setting, ...] = (
    Setting(
        "preset",
        Kind.TEXT,
        "",
        "Preset",
        "A ready set of all the settings below. Change what you like afterwards.",
        live_only=True,
        group="preset",
        role=Role.APART,
    ),
    Setting(
        "preset_name",
        Kind.TEXT,
        "",
        "Name",
        "What the preset is called that you save or rename.",
        live_only=True,
        group="preset",
        advanced=True,
        role=Role.APART,
    ),
    Setting(
        "preset_file",
        Kind.PATH,
        "",
        "Preset file",
        "The file that a preset is exported to, or imported from: a small JSON text, to be given to others.",
        live_only=True,
        group="preset",
        advanced=True,
        role=Role.APART,
    ),
    Setting(
        "advanced",
        Kind.SWITCH,
        False,
        "Advanced",
        "Show every setting.",
        live_only=True,
        role=Role.APART,
    ),
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
            ("video", "Replace by a video, again and again"),
            ("matte", "Show the matte (for checking)"),
        ),
        live_choices=(("source", "Replace by another source"),),
        group="background",
    ),
    Setting(
        "background_file",
        Kind.PATH,
        "",
        "Background file",
        "A PNG, JPEG, WebP or BMP image; for a video any that OBS plays. It is silent, and rests while the "
        "source is hidden.",
        modes=("image", "video"),
        file_help="A PNG, JPEG, WebP or BMP file; in video mode a video, whose sound is left out.",
        group="background",
        role=Role.CONTENT,
    ),
    Setting(
        "background_source",
        Kind.TEXT,
        "",
        "Background source",
        "Any other source or scene of OBS.",
        modes=("source",),
        live_only=True,
        group="background",
        role=Role.CONTENT,
    ),
    Setting(
        "background_fit",
        Kind.CHOICE,
        "cover",
        "Fit",
        "Cover fills the picture and crops, contain shows the whole image, stretch ignores its shape.",
        choices=(("cover", "Cover"), ("contain", "Contain"), ("stretch", "Stretch")),
        modes=("image", "video", "source"),
        group="background",
    ),
    Setting(
        "background_color",
        Kind.COLOR,
        0xFF00FF00,
        "Background colour",
        "The colour behind the person, and beside an image that does not fill the picture.",
        modes=_REPLACING,
        group="background",
        role=Role.CONTENT,
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
        group="background",
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
        group="background",
    ),
    Setting(
        "edge_shift_px",
        Kind.NUMBER,
        0.0,
        "Shift edges",
        "Moves the edges outward (more of the person) or, below 0, inward (less of the room), in pixels of "
        "the picture.",
        low=-20.0,
        high=20.0,
        step=0.5,
        unit="px",
        group="edges",
        advanced=True,
    ),
    Setting(
        "edge_feather_px",
        Kind.NUMBER,
        0.0,
        "Feather edges",
        "Softens the edges outward, so that nothing of the person is lost, or, below 0, inward, in pixels of "
        "the picture.",
        low=-40.0,
        high=40.0,
        step=0.5,
        unit="px",
        group="edges",
        advanced=True,
    ),
    Setting(
        "edge_contrast",
        Kind.NUMBER,
        0.0,
        "Edge contrast",
        "Makes soft edges harder; at 1 they are cut as with scissors.",
        high=1.0,
        step=0.01,
        group="edges",
        advanced=True,
    ),
    Setting(
        "spill_removal",
        Kind.NUMBER,
        0.0,
        "Remove spill",
        "Takes the colour of the room, or of a green screen, out of hair, shoulders and edges.",
        high=1.0,
        step=0.01,
        group="edges",
        advanced=True,
    ),
    Setting(
        "light_wrap",
        Kind.NUMBER,
        0.0,
        "Light wrap",
        "Lets the new background shine around the person's edges, as real light would.",
        high=1.0,
        step=0.01,
        modes=("blur", *_REPLACING),
        group="edges",
        advanced=True,
    ),
    Setting(
        "show_zones",
        Kind.SWITCH,
        False,
        "Show zones",
        "Outlines the zones in this window and in a studio mode preview; viewers never see it.",
        live_only=True,
        needs=("zone_1_use", ("keep", "remove")),
        group="zones",
        advanced=True,
        role=Role.APART,
    ),
    Setting(
        "zone_softness",
        Kind.NUMBER,
        2.0,
        "Softness of zones",
        "How softly the zones end, in percent of the picture's height.",
        high=20.0,
        step=0.5,
        unit="%",
        needs=("zone_1_use", ("keep", "remove")),
        group="zones",
        advanced=True,
        role=Role.CONTENT,
    ),
    *(setting for number in range(1, ZONE_COUNT + 1) for setting in _zone(number)),
    Setting(
        "quality",
        Kind.CHOICE,
        "auto",
        "Quality",
        "How finely the network looks. Automatic takes the finest level that this computer holds at "
        "30 mattes a second, and moves with its load.",
        choices=(("auto", "Automatic"), ("fast", "Fast"), ("balanced", "Balanced"), ("fine", "Fine")),
        file_help="How finely the network looks; automatic is fine.",
        group="matting",
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
        group="matting",
        advanced=True,
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
        group="matting",
        advanced=True,
    ),
    Setting(
        "reset_on_scene_switch",
        Kind.SWITCH,
        True,
        "Start anew on scene switch",
        "Forget the previous pictures when a scene with this source goes live.",
        live_only=True,
        group="matting",
        advanced=True,
    ),
    Setting(
        "model",
        Kind.CHOICE,
        "rvm_mobilenetv3",
        "Model",
        "Which network finds the person.",
        choices=tuple(of_models("title").items()),
        group="matting",
        advanced=True,
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
        group="matting",
        role=Role.APART,
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
        group="matting",
        advanced=True,
        role=Role.APART,
    ),
    Setting(
        "threads",
        Kind.COUNT,
        0,
        "Processor threads",
        "How many processor threads the network may use; 0 chooses.",
        high=16,
        step=1,
        group="matting",
        advanced=True,
        role=Role.APART,
    ),
    Setting(
        "show_status",
        Kind.SWITCH,
        False,
        "Show status",
        "What runs, how fast, how late, and the last error, refreshed while this window is open.",
        live_only=True,
        group="status",
        role=Role.APART,
    ),
    Setting(
        "audio_source",
        Kind.TEXT,
        "",
        "Sound of the person",
        "The microphone whose sound shall keep step with the picture.",
        live_only=True,
        needs=("show_status", (True,)),
        group="status",
        role=Role.APART,
    ),
)

PRESET_KEY, PRESET_NAME_KEY, PRESET_FILE_KEY = "preset", "preset_name", "preset_file"
BACKGROUND_FILE_KEY, BACKGROUND_SOURCE_KEY = "background_file", "background_source"
BLUR_STRENGTH_KEY, PLATE_KEY = "blur_strength", "plate"
SHOW_STATUS_KEY, AUDIO_SOURCE_KEY = "show_status", "audio_source"
QUALITY_KEY, PROVIDER_KEY, UNTIL_READY_KEY = "quality", "provider", "until_ready"
"""Of the settings that others treat apart, or change themselves."""

BY_KEY: Mapping[str, Setting] = {setting.key: setting for setting in SCHEMA}


class Zone(NamedTuple):
    """A rectangle of the picture, in shares 0..1 of its sides, that always stays or always goes."""

    keeps: bool
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Settings:
    """A complete, valid set of values: one field per key of the schema; the zones in use are one."""

    preset: str
    preset_name: str
    preset_file: str
    advanced: bool
    mode: str
    background_file: str
    background_source: str
    background_fit: str
    background_color: int
    blur_strength: float
    bokeh_highlights: float
    edge_shift_px: float
    edge_feather_px: float
    edge_contrast: float
    spill_removal: float
    light_wrap: float
    show_zones: bool
    zone_softness: float
    zones: tuple[Zone, ...]
    quality: str
    latency: str
    until_ready: str
    reset_on_scene_switch: bool
    model: str
    plate: str
    provider: str
    threads: int
    show_status: bool
    audio_source: str

    @classmethod
    def for_file(cls, values: Mapping[str, Any]) -> Settings:
        """`values` with defaults filled in.  Raises SettingsError for a bad value or an unknown key."""
        unknown = sorted(set(values) - set(BY_KEY))
        if unknown:
            raise SettingsError(f"There is no setting {shown(unknown[0])}.", f"Use: {', '.join(BY_KEY)}.")
        complete: dict[str, Any] = {}
        for setting in SCHEMA:
            given = values.get(setting.key, setting.default)
            complete[setting.key] = setting.coerce(given, for_file=True)
            if is_clamped(setting, given, complete[setting.key]):
                raise SettingsError(
                    f"{setting.key} cannot be {shown(given)}.", f"Use {setting.low:g} to {setting.high:g}."
                )
        return cls._of(complete)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> tuple[Settings, list[SettingsError]]:
        """`values` with defaults filled in; a bad one becomes its default, or its limit, and an error."""
        complete, problems = completed(values)
        return cls._of(complete), problems

    @classmethod
    def _of(cls, complete: dict[str, Any]) -> Settings:
        zones = []
        for number in range(1, ZONE_COUNT + 1):
            use, left, top, width, height = (
                complete.pop(f"zone_{number}_{part}") for part in ("use", "left", "top", "width", "height")
            )
            if use != "off":
                zones.append(
                    Zone(use == "keep", left / 100, top / 100, (left + width) / 100, (top + height) / 100)
                )
        return cls(**complete, zones=tuple(zones))

    @property
    def has_alpha(self) -> bool:
        """Whether what is made lets through what lies behind it."""
        return self.mode == "transparent"

    @property
    def wraps_light(self) -> bool:
        """Whether the new background shines around the edges."""
        return self.light_wrap > 0 and BY_KEY["light_wrap"].applies({MODE_KEY: self.mode})

    @property
    def effective_until_ready(self) -> str:
        """``hide``, ``blur`` or ``show``."""
        if self.until_ready != "auto":
            return self.until_ready
        return "blur" if self.mode == "blur" else "hide"


def completed(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[SettingsError]]:
    """Every key of the schema, from `values`; a bad one becomes its default, or its limit, and an error."""
    complete: dict[str, Any] = {}
    problems: list[SettingsError] = []
    for setting in SCHEMA:
        given = values.get(setting.key, setting.default)
        try:
            complete[setting.key] = setting.coerce(given)
            if is_clamped(setting, given, complete[setting.key]):
                raise SettingsError(
                    f"{setting.key} cannot be {shown(given)}; it is {complete[setting.key]:g} now.",
                    f"Use {setting.low:g} to {setting.high:g}.",
                )
        except SettingsError as problem:
            complete.setdefault(setting.key, setting.default)
            problems.append(problem)
    return complete, problems


def is_clamped(setting: Setting, given: Any, coerced: Any) -> bool:
    """Whether `given` was beyond the setting's limits."""
    return setting.kind in (Kind.NUMBER, Kind.COUNT) and coerced != given


assert {field.name for field in fields(Settings)} - {"zones"} == {
    key for key in BY_KEY if not key.startswith("zone_") or key == "zone_softness"
}
