"""Every error that this project raises on purpose.

::

    RvmError                 what happened, and the one thing to do about it
    ├── SettingsError        a value outside the schema
    ├── PictureError         a picture of the wrong shape, dtype or size
    ├── BackgroundError      a background file that cannot be read
    ├── PresetError          a preset that is missing, cannot be read, or may not be changed
    ├── ActionError          what a hotkey or a request asks of a filter that it cannot do
    ├── PlateError           the clean plate is missing, cannot be read, or no longer fits the picture
    ├── VideoError           a video file that cannot be read or written
    ├── ModelError
    │   ├── ModelMissing     the file is not there, and no source gave it
    │   ├── ModelCorrupt     the file's bytes are not the ones that the manifest names
    │   └── ModelContract    the graph's tensors are not those of the method
    ├── ProviderError        onnxruntime cannot run the model on this provider
    ├── InferenceError       the network raised, or gave values that are not finite
    ├── HostError            libobs is missing, too old, or lacks a function, or OBS must start again
    ├── CollectionError      a file that is no scene collection of OBS, or none that can be changed
    └── IniError             a configuration file that OBS itself cannot read
"""

from __future__ import annotations


class RvmError(Exception):
    """A problem and its remedy, each one plain sentence that a streamer understands."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class SettingsError(RvmError):
    """A settings value outside the schema."""


class PictureError(RvmError):
    """A picture of the wrong shape, dtype or size."""


class BackgroundError(RvmError):
    """A background file that cannot be read."""


class PresetError(RvmError):
    """A preset that is missing, cannot be read, or may not be changed."""


class ActionError(RvmError):
    """What a hotkey or a request asks of a filter that it cannot do."""


class PlateError(RvmError):
    """The clean plate is missing, cannot be read, or no longer fits the picture."""


class VideoError(RvmError):
    """A video file that cannot be read or written."""


class ModelError(RvmError):
    """The model's file or graph cannot be used."""


class ModelMissing(ModelError):
    """The model's file is not there, and no source gave it."""


class ModelCorrupt(ModelError):
    """The file's bytes are not the ones that the manifest names."""


class ModelContract(ModelError):
    """The graph's tensors are not those of its method."""


class ProviderError(RvmError):
    """onnxruntime cannot run the model on this provider."""


class InferenceError(RvmError):
    """The network raised, or gave values that are not finite."""


class HostError(RvmError):
    """libobs is missing, too old, or lacks a function, or OBS must start again."""


class CollectionError(RvmError):
    """A file that is no scene collection of OBS, or none that can be changed safely."""


class IniError(RvmError):
    """A configuration file that OBS itself cannot read."""
