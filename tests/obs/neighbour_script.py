"""Another script in the same OBS, with packages of its own.  Settings:

packages: a folder that it appends to the path.  imports: names, separated by spaces, that it imports when it
loads.  report: a JSON file for what it finds then, and again when it is unloaded.
"""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

import obspython as obs

_report = None
_found = {}
_OURS = {"cv2": ("rvm_core.opencv", "cv2"), "onnxruntime": ("rvm_core.matting.session", "ort")}


def _origin(name):
    """From where `name` is, or would be imported."""
    spec = sys.modules[name].__spec__ if name in sys.modules else importlib.util.find_spec(name)
    return spec and spec.origin


def _look(names):
    filters = {
        name: getattr(sys.modules[module], attribute).__file__
        for name, (module, attribute) in _OURS.items()
        if module in sys.modules
    }
    return {"path": list(sys.path), "origins": {name: _origin(name) for name in names}, "filters": filters}


def script_load(settings):
    global _report
    packages, wanted, report = (
        obs.obs_data_get_string(settings, key) for key in ("packages", "imports", "report")
    )
    sys.path.append(packages)
    for name in wanted.split():
        importlib.import_module(name)
    _report = Path(report)
    _found["loaded"] = _look(["numpy", "cv2", "onnxruntime"])


def script_unload():
    _found["unloaded"] = _look(["numpy", "cv2", "onnxruntime"])
    _report.write_text(json.dumps(_found))
