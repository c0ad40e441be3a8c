"""The configuration files of a private OBS: no wizard, no questions, obs-websocket on, no updates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from installer.scene import JSON

NAME = "Untitled"

# LastVersion is 29.0.2; InfoIncrement and FirstRun keep the news and the wizard away.  Without Pre31Migrated
# OBS 31 and newer copy global.ini to user.ini, and where user.ini exists already they ask and do not start.
USER_INI = """[General]
FirstRun=true
EnableAutoUpdates=false
LastVersion=486539266
Pre31Migrated=true
InfoIncrement=999
ConfirmOnExit=false
HotkeyFocusType=NeverDisableHotkeys
Language=en-US

[Basic]
Profile={name}
ProfileDir={name}
SceneCollection={name}
SceneCollectionFile={name}
ConfigOnNewProfile=false

[BasicWindow]
SysTrayEnabled=false
PreviewEnabled={preview}
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false
WarnBeforeStoppingRecord=false
RecordWhenStreaming=false
"""

WEBSOCKET_INI = """
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
"""

PROFILE_INI = """[General]
Name={name}

[Output]
Mode=Simple

[SimpleOutput]
FilePath={recordings}
RecFormat=mp4
RecFormat2=mp4
RecQuality=Stream
VBitrate=6000
StreamEncoder=x264
RecEncoder=x264
UseAdvanced=true
Preset=ultrafast

[Video]
BaseCX={width}
BaseCY={height}
OutputCX={width}
OutputCY={height}
FPSType=0
FPSCommon={fps}
ScaleType=bilinear

[Audio]
SampleRate=48000
"""


@dataclass(frozen=True)
class Home:
    """The folders of a private OBS below `root`."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / ".config"

    @property
    def runtime(self) -> Path:
        return self.root / "run"

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def log(self) -> Path:
        return self.root / "obs.log"

    @property
    def collection(self) -> Path:
        return self.config / "obs-studio" / "basic" / "scenes" / f"{NAME}.json"


def write(
    home: Home,
    *,
    width: int,
    height: int,
    fps: int,
    port: int,
    password: str,
    scene_collection: JSON,
    has_preview: bool = True,
) -> None:
    """Writes every file; others of this user cannot read them, since one holds the password."""
    for folder in (home.root, home.runtime):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    studio = home.config / "obs-studio"
    profile = studio / "basic" / "profiles" / NAME
    websocket = studio / "plugin_config" / "obs-websocket"
    for folder in (profile, home.collection.parent, websocket, home.recordings):
        folder.mkdir(parents=True, exist_ok=True)
    user = USER_INI.format(name=NAME, preview=str(has_preview).lower())
    # OBS 30 and older read global.ini alone; 31 and newer also user.ini, and obs-websocket's own file.
    (studio / "global.ini").write_text(user + WEBSOCKET_INI.format(port=port, password=password))
    (studio / "user.ini").write_text(user)
    (websocket / "config.json").write_text(
        json.dumps(
            {
                "first_load": False,
                "server_enabled": True,
                "server_port": port,
                "alerts_enabled": False,
                "auth_required": True,
                "server_password": password,
            }
        )
    )
    (profile / "basic.ini").write_text(
        PROFILE_INI.format(name=NAME, recordings=home.recordings, width=width, height=height, fps=fps)
    )
    home.collection.write_text(json.dumps(scene_collection, indent=1))
