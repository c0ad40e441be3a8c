"""A script that OBS loads beside the filter's own: it does to scripts what OBS's Scripts window does.

obs-websocket knows nothing of scripts.  A test writes ``NUMBER.json`` ({"call": NAME, ...}) into the folder
that the setting `folder` names; ``NUMBER.answer`` tells how it went.  The calls run on the UI thread:

``reload``   reload the loaded script whose module is `module`
``add``      load the script at `path`
``remove``   unload what ``add`` loaded
``settings``   the settings of the script whose module is `module`
``choose``     give that script `settings`, JSON, anew
``rename_preset``   what the filter's window tells when the preset `old` is called `new` now
``deafen``     let the filters' workers no longer notice that another preset was chosen
``rename``     sources, one after the other, before anybody hears of it: `names` are pairs, old and new
``description``  what the script whose module is `module` said of itself when it was loaded last
``watch_clearing``  tell `file` which of the scenes `names` are held when OBS has removed all scenes
``lists``      {key: [label, {value: label of each choice}]} of the lists that it shows
``memory``     KiB allocated and not freed: all of OBS's with MALLOC_ARENA_MAX=1 and PYTHONMALLOC=malloc
"""

import ctypes
import gc
import json
import sys
import threading
import traceback
from pathlib import Path

JOIN_S = 5.0
POLL_S = 0.02
OBS_TASK_UI = 0
PROPERTY_LIST = 6
SCENE_COLLECTION_CLEANUP = 25

_P, _S, _B = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_bool
_TASK = ctypes.CFUNCTYPE(None, _P)
_EVENT = ctypes.CFUNCTYPE(None, ctypes.c_int, _P)
_libobs = ctypes.CDLL(None)


def _loaded(name):
    """The path of the library `name` in this process, whatever its version."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return next(line.split(maxsplit=5)[5] for line in lines if f"/{name}.so" in line)


_scripting = ctypes.CDLL(_loaded("libobs-scripting"))
_end = threading.Event()
_poller = None
_added = {}
_watching = []


def _declare(function, result, *arguments):
    function.restype, function.argtypes = result, arguments
    return function


_queue_task = _declare(_libobs.obs_queue_task, None, ctypes.c_int, _TASK, _P, _B)
_create = _declare(_scripting.obs_script_create, _P, _S, _P)
_destroy = _declare(_scripting.obs_script_destroy, None, _P)
_update = _declare(_scripting.obs_script_update, None, _P, _P)
_settings = _declare(_scripting.obs_script_get_settings, _P, _P)
_properties = _declare(_scripting.obs_script_get_properties, _P, _P)
_description = _declare(_scripting.obs_script_get_description, _S, _P)
_is_loaded = _declare(_scripting.obs_script_loaded, _B, _P)
_reload = _declare(_scripting.obs_script_reload, _B, _P)
_capsule_pointer = _declare(ctypes.pythonapi.PyCapsule_GetPointer, _P, ctypes.py_object, _S)
_data_from_json = _declare(_libobs.obs_data_create_from_json, _P, _S)
_data_json = _declare(_libobs.obs_data_get_json, _S, _P)
_data_release = _declare(_libobs.obs_data_release, None, _P)
_by_name = _declare(_libobs.obs_get_source_by_name, _P, _S)
_set_name = _declare(_libobs.obs_source_set_name, None, _P, _S)
_source_release = _declare(_libobs.obs_source_release, None, _P)
_weak_source = _declare(_libobs.obs_source_get_weak_source, _P, _P)
_weak_release = _declare(_libobs.obs_weak_source_release, None, _P)
_is_expired = _declare(_libobs.obs_weak_source_expired, _B, _P)
_add_event_callback = _declare(_libobs.obs_frontend_add_event_callback, None, _EVENT, _P)
_first = _declare(_libobs.obs_properties_first, _P, _P)
_end_of = _declare(_libobs.obs_properties_destroy, None, _P)
_next = _declare(_libobs.obs_property_next, _B, _P)
_name = _declare(_libobs.obs_property_name, _S, _P)
_label = _declare(_libobs.obs_property_description, _S, _P)
_type = _declare(_libobs.obs_property_get_type, ctypes.c_int, _P)
_count = _declare(_libobs.obs_property_list_item_count, ctypes.c_size_t, _P)
_item = _declare(_libobs.obs_property_list_item_string, _S, _P, ctypes.c_size_t)
_item_label = _declare(_libobs.obs_property_list_item_name, _S, _P, ctypes.c_size_t)


def _script(module):
    return _capsule_pointer(sys.modules[module].__script_data__, None)


def reload(module):
    return bool(_reload(_script(module)))


def settings(module):
    data = _settings(_script(module))
    text = _data_json(data)
    _data_release(data)
    return json.loads(text)


def choose(module, settings):
    data = _data_from_json(settings.encode())
    _update(_script(module), data)
    _data_release(data)


def rename_preset(old, new):
    from rvm_core.obs_filter import scenes

    scenes.preset_renamed(old, new)


def deafen():
    from rvm_core.obs_filter.worker import Worker

    Worker._follow_preset = lambda *_: None


def rename(names):
    for old, new in names:
        source = _by_name(old.encode())
        _set_name(source, new.encode())
        _source_release(source)


def watch_clearing(names, file):
    weak_sources = {}
    for name in names:
        source = _by_name(name.encode())
        weak_sources[name] = _weak_source(source)
        _source_release(source)

    @_EVENT
    def follow(event, _):
        if event == SCENE_COLLECTION_CLEANUP and weak_sources:
            held = [name for name, weak in weak_sources.items() if not _is_expired(weak)]
            while weak_sources:
                _weak_release(weak_sources.popitem()[1])
            Path(file).write_text(json.dumps(held))

    _watching.append(follow)
    _add_event_callback(follow, None)


def description(module):
    return _description(_script(module)).decode()


def lists(module):
    properties = _properties(_script(module))
    found, one = {}, _P(_first(properties))
    while one.value:
        if _type(one) == PROPERTY_LIST:
            choices = {_item(one, i).decode(): _item_label(one, i).decode() for i in range(_count(one))}
            found[_name(one).decode()] = [_label(one).decode(), choices]
        if not _next(ctypes.byref(one)):
            break
    _end_of(properties)
    return found


def add(path):
    _added[path] = _create(path.encode(), None)
    return bool(_is_loaded(_added[path]))


def remove(path):
    _destroy(_added.pop(path))
    return True


class _MallInfo(ctypes.Structure):
    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def memory():
    gc.collect()
    used = _mallinfo()
    return (used.uordblks + used.hblkhd) // 1024


_mallinfo = _declare(_libobs.mallinfo2, _MallInfo)

_CALLS = {
    "reload": reload,
    "add": add,
    "remove": remove,
    "settings": settings,
    "choose": choose,
    "rename_preset": rename_preset,
    "deafen": deafen,
    "rename": rename,
    "watch_clearing": watch_clearing,
    "description": description,
    "lists": lists,
    "memory": memory,
}


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
    done = {file.with_suffix(".json") for file in folder.glob("*.answer")}
    while not _end.wait(POLL_S):
        for file in sorted(set(folder.glob("*.json")) - done):
            done.add(file)
            _answer(file)


def script_load(settings):
    global _poller
    import obspython as obs

    folder = Path(obs.obs_data_get_string(settings, "folder"))
    _end.clear()  # the module may be that of a former scene collection
    _poller = threading.Thread(target=_poll, args=(folder,), daemon=True)
    _poller.start()


def script_unload():
    _end.set()
    _poller.join(JOIN_S)  # it may be waiting for this thread to run a task
