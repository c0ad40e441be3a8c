"""A script as OBS loads it, without OBS: ``python script_host.py SCRIPT [STEP ...]`` prints what came of it.

OBS adds the script's folder to the end of Python's path, imports the script by its name, asks for its
description, and then tells it to load.  STEP: ``python=3.8``, before all of that, or ``before=MODULE``, which
another script imports; ``reload`` the script; ``upgrade=VERSION`` of the loaded package's files;
``remove=FOLDER``; ``import=MODULE``, by another script.  The fake of libobs notes what is registered.
"""

import ctypes
import importlib
import json
import os
import shutil
import sys
import types
from pathlib import Path

FILTER, VIDEO, SRGB = 1, 1, 1 << 15
registered, log = {}, []


class FakeLibobs:
    """Functions of libobs by ctypes, as the script calls them."""

    def __init__(self, *_):
        self.obs_get_version = ctypes.CFUNCTYPE(ctypes.c_uint32)(lambda: 0)

    def obs_register_source_s(self, reference, size):
        """Note the filter's id and the name that it gives itself."""
        words = (ctypes.c_void_p * (size.value // 8)).from_address(ctypes.addressof(reference._obj))
        kind, flags = (ctypes.c_uint32 * 2).from_address(ctypes.addressof(reference._obj) + 8)
        assert (size.value, kind, flags) == (400, FILTER, VIDEO | SRGB)
        name = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(words[2])(None)
        registered[ctypes.string_at(words[0]).decode()] = ctypes.string_at(name).decode()


def fake_obspython():
    """The functions and constants of obspython that the script needs to start."""
    made = types.ModuleType("obspython")
    made.LOG_INFO, made.LOG_ERROR = "info", "error"
    made.OBS_SOURCE_TYPE_FILTER, made.OBS_SOURCE_VIDEO, made.OBS_SOURCE_SRGB = FILTER, VIDEO, SRGB
    made.obs_source_get_display_name = registered.get
    made.script_log = lambda level, text: log.append([level, text])
    return made


def main():
    script, steps = Path(sys.argv[1]), [step.partition("=")[::2] for step in sys.argv[2:]]
    for _, version in [step for step in steps if step[0] == "python"]:
        sys.version_info = (*map(int, version.split(".")), 0, "final", 0)
    for _, name in [step for step in steps if step[0] == "before"]:
        importlib.import_module(name)
    sys.modules["obspython"] = fake_obspython()
    plain, ctypes.CDLL = ctypes.CDLL, FakeLibobs
    sys.path.append(str(script.parent))
    path = list(sys.path)
    module = importlib.import_module(script.stem)
    descriptions = [module.script_description()]
    module.script_load(0)
    ctypes.CDLL = plain
    refused = {}
    for step, value in steps:
        if step == "reload":
            module.script_unload()
            module = importlib.reload(module)
            descriptions.append(module.script_description())
            module.script_load(0)
        elif step == "upgrade":
            Path(sys.modules["rvm_core"].__file__).write_text(f'__version__ = "{value}"\n')
        elif step == "remove":
            shutil.rmtree(value)
        elif step == "import":
            try:
                importlib.import_module(value)
            except Exception as cause:
                refused[value] = str(cause)
    info = module._SourceInfo
    packages = [name for name in ("rvm_core", "numpy", "cv2") if name in sys.modules]
    outcome = {
        "descriptions": descriptions,
        "log": log,
        "registered": registered,
        "refused": refused,
        "offsets": {name: getattr(info, name).offset for name, _ in info._fields_},
        "loaded": {name: str(Path(sys.modules[name].__file__).parent.parent) for name in packages},
        "path": [path, sys.path],
        "data": os.environ.get("OBS_RVM_DATA_DIR"),
        "found_data": str(module._data_dir()),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
