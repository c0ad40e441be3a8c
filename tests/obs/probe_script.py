"""A script that OBS loads beside the filter's own: it does to scripts what OBS's Scripts window does.

obs-websocket knows nothing of scripts.  A test writes ``NUMBER.json`` ({"call": NAME, ...}) into the folder
that the setting `folder` names; ``NUMBER.answer`` tells how it went.  The calls run on the UI thread:

``reload``   reload the loaded script whose module is `module`
``add``      load the script at `path`
``remove``   unload what ``add`` loaded
"""

import ctypes
import json
import sys
import threading
import traceback
from pathlib import Path

POLL_S = 0.02
OBS_TASK_UI = 0

_P, _S, _B = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_bool
_TASK = ctypes.CFUNCTYPE(None, _P)
_libobs = ctypes.CDLL(None)
_scripting = ctypes.CDLL("libobs-scripting.so.1")
_end = threading.Event()
_poller = None
_added = {}


def _declare(function, result, *arguments):
    function.restype, function.argtypes = result, arguments
    return function


_queue_task = _declare(_libobs.obs_queue_task, None, ctypes.c_int, _TASK, _P, _B)
_create = _declare(_scripting.obs_script_create, _P, _S, _P)
_destroy = _declare(_scripting.obs_script_destroy, None, _P)
_loaded = _declare(_scripting.obs_script_loaded, _B, _P)
_reload = _declare(_scripting.obs_script_reload, _B, _P)
_capsule_pointer = _declare(ctypes.pythonapi.PyCapsule_GetPointer, _P, ctypes.py_object, _S)


def reload(module):
    return bool(_reload(_capsule_pointer(sys.modules[module].__script_data__, None)))


def add(path):
    _added[path] = _create(path.encode(), None)
    return bool(_loaded(_added[path]))


def remove(path):
    _destroy(_added.pop(path))
    return True


_CALLS = {"reload": reload, "add": add, "remove": remove}


def _answer(file):
    answer = {}

    @_TASK
    def work(_):
        try:
            wanted = json.loads(file.read_text())
            answer["result"] = _CALLS[wanted.pop("call")](**wanted)
        except BaseException:
            answer["error"] = traceback.format_exc()

    _queue_task(OBS_TASK_UI, work, None, True)
    staged = file.with_suffix(".part")
    staged.write_text(json.dumps(answer))
    staged.rename(file.with_suffix(".answer"))


def _poll(folder):
    done = set()
    while not _end.wait(POLL_S):
        for file in sorted(set(folder.glob("*.json")) - done):
            done.add(file)
            _answer(file)


def script_load(settings):
    global _poller
    import obspython as obs

    folder = Path(obs.obs_data_get_string(settings, "folder"))
    _poller = threading.Thread(target=_poll, args=(folder,), daemon=True)
    _poller.start()


def script_unload():
    _end.set()
    _poller.join()
