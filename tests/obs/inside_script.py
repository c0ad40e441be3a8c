"""A script that OBS loads beside the filter's own: it does for a test what only code inside OBS can.

The test writes ``NUMBER.json`` ({"call": NAME, ...arguments}) into the folder that the script's setting
`folder` names; the answer appears as ``NUMBER.answer``.  Properties are built and clicked on the UI
thread, as OBS's own windows do.
"""

import ctypes
import json
import sys
import threading
import time
import traceback
from pathlib import Path

import obspython as obs

POLL_S = 0.02
OBS_TASK_UI = 0
OBS_TASK_DESTROY = 3
PROPERTY_LIST, PROPERTY_GROUP = 6, 12

REGISTERED_BY_SOURCE = 1

_TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_P, _S = ctypes.c_void_p, ctypes.c_char_p
_HOTKEY = ctypes.CFUNCTYPE(ctypes.c_bool, _P, ctypes.c_size_t, _P)
_SIGNAL = ctypes.CFUNCTYPE(None, _P, _P)
_kept, _refreshes = [], {}
_DECLARED = {
    "obs_get_source_by_name": (_P, (_S,)),
    "obs_source_get_filter_by_name": (_P, (_P, _S)),
    "obs_source_release": (None, (_P,)),
    "obs_source_properties": (_P, (_P,)),
    "obs_properties_first": (_P, (_P,)),
    "obs_properties_get": (_P, (_P, _S)),
    "obs_property_group_content": (_P, (_P,)),
    "obs_properties_destroy": (None, (_P,)),
    "obs_property_next": (ctypes.c_bool, (_P,)),
    "obs_property_name": (_S, (_P,)),
    "obs_property_description": (_S, (_P,)),
    "obs_property_visible": (ctypes.c_bool, (_P,)),
    "obs_property_get_type": (ctypes.c_int, (_P,)),
    "obs_property_button_clicked": (ctypes.c_bool, (_P, _P)),
    "obs_property_list_item_count": (ctypes.c_size_t, (_P,)),
    "obs_property_list_item_string": (_S, (_P, ctypes.c_size_t)),
    "obs_property_list_item_name": (_S, (_P, ctypes.c_size_t)),
    "obs_property_long_description": (_S, (_P,)),
    "obs_property_text_info_type": (ctypes.c_int, (_P,)),
    "obs_property_float_suffix": (_S, (_P,)),
    "obs_source_get_sync_offset": (ctypes.c_int64, (_P,)),
    "obs_source_update": (None, (_P, _P)),
    "obs_source_update_properties": (None, (_P,)),
    "obs_data_create_from_json": (_P, (_S,)),
    "obs_source_get_signal_handler": (_P, (_P,)),
    "signal_handler_connect": (None, (_P, _S, _SIGNAL, _P)),
    "obs_property_modified": (ctypes.c_bool, (_P, _P)),
    "obs_source_get_settings": (_P, (_P,)),
    "obs_data_release": (None, (_P,)),
    "obs_enum_filter_types": (ctypes.c_bool, (ctypes.c_size_t, _P)),
    "obs_source_get_display_name": (_S, (_S,)),
    "obs_scene_from_source": (_P, (_P,)),
    "obs_scene_find_source": (_P, (_P, _S)),
    "obs_sceneitem_set_visible": (ctypes.c_bool, (_P, ctypes.c_bool)),
    "obs_queue_task": (None, (ctypes.c_int, _TASK, _P, ctypes.c_bool)),
    "obs_source_get_name": (_S, (_P,)),
    "obs_enum_hotkeys": (None, (_HOTKEY, _P)),
    "obs_hotkey_get_name": (_S, (_P,)),
    "obs_hotkey_get_description": (_S, (_P,)),
    "obs_hotkey_get_registerer_type": (ctypes.c_int, (_P,)),
    "obs_hotkey_get_registerer": (_P, (_P,)),
    "obs_weak_source_get_source": (_P, (_P,)),
}
_libobs = ctypes.CDLL(None)
for _name, (_result, _arguments) in _DECLARED.items():
    _function = getattr(_libobs, _name)
    _function.restype, _function.argtypes = _result, _arguments


class _Filter:
    """The filter called `filter` on the source called `source`, with its properties, for a while."""

    def __init__(self, source, filter):
        parent = _libobs.obs_get_source_by_name(source.encode())
        self.pointer = _libobs.obs_source_get_filter_by_name(parent, filter.encode())
        _libobs.obs_source_release(parent)

    def __enter__(self):
        self.properties = _libobs.obs_source_properties(self.pointer)
        return self

    def __exit__(self, *_):
        _libobs.obs_properties_destroy(self.properties)
        _libobs.obs_source_release(self.pointer)


def click(source, filter, button):
    """Press a button of the filter's properties; whether the button is there."""
    with _Filter(source, filter) as found:
        button = _libobs.obs_properties_get(found.properties, button.encode())
        if button:
            _libobs.obs_property_button_clicked(button, found.pointer)
        return bool(button)


def properties(source, filter):
    """What the filter's properties hold, as its window shows them, in order, groups before their content.

    [{name, kind, text, help, group, visible, values, texts, info, suffix}]; `group` is "" outside of groups.
    """
    with _Filter(source, filter) as found:
        return list(_described(found.properties, "", True))


def change_in_window(source, filter, changes):
    """Change settings one after another, [[key, value], ...], as a window of properties does.

    [whether OBS would have to show the window anew] for each, and what ``properties`` gives in the end.
    """
    answers = []
    with _Filter(source, filter) as found:
        for key, value in changes:
            data = _libobs.obs_data_create_from_json(json.dumps({key: value}).encode())
            _libobs.obs_source_update(found.pointer, data)
            _libobs.obs_data_release(data)
            settings = _libobs.obs_source_get_settings(found.pointer)
            row = _libobs.obs_properties_get(found.properties, key.encode())
            answers.append(_libobs.obs_property_modified(row, settings))
            _libobs.obs_data_release(settings)
        return {"answers": answers, "properties": list(_described(found.properties, "", True))}


def refresh(source, filter):
    """Let OBS make the filter's window anew, if it is open."""
    with _Filter(source, filter) as found:
        _libobs.obs_source_update_properties(found.pointer)
    return True


def refreshes(source, filter):
    """How often OBS was told to make the filter's window anew since this was asked first."""
    key = (source, filter)
    if key not in _refreshes:
        count = _refreshes[key] = [0]

        @_SIGNAL
        def told(_data, _arguments):
            count[0] += 1

        _kept.append(told)
        with _Filter(source, filter) as found:
            handler = _libobs.obs_source_get_signal_handler(found.pointer)
            _libobs.signal_handler_connect(handler, b"update_properties", told, None)
    return _refreshes[key][0]


def speak(locale):
    """Let the filter take OBS for one that speaks another language."""
    from rvm_core.obs_filter import language

    language._known[:] = [locale]
    return True


def spoil_presets(is_spoilt):
    """Let every look at the presets fail in a way that nobody foresaw, or no longer."""
    from rvm_core import presets

    if is_spoilt:
        presets.plain_names, presets.names = presets.names, lambda: 1 / 0
    else:
        presets.names = presets.plain_names
    return True


def sync_offset(source):
    """The sync offset of the source called `source`, in nanoseconds."""
    found = _libobs.obs_get_source_by_name(source.encode())
    offset = _libobs.obs_source_get_sync_offset(found)
    _libobs.obs_source_release(found)
    return offset


def _described(properties, group, is_shown):
    one = ctypes.c_void_p(_libobs.obs_properties_first(properties))
    while one.value:
        kind = _libobs.obs_property_get_type(one)
        count = _libobs.obs_property_list_item_count(one) if kind == PROPERTY_LIST else 0
        name = _libobs.obs_property_name(one).decode()
        is_visible = is_shown and _libobs.obs_property_visible(one)
        yield {
            "name": name,
            "kind": kind,
            "text": (_libobs.obs_property_description(one) or b"").decode(),
            "help": (_libobs.obs_property_long_description(one) or b"").decode(),
            "group": group,
            "visible": is_visible,
            "values": [_libobs.obs_property_list_item_string(one, i).decode() for i in range(count)],
            "texts": [_libobs.obs_property_list_item_name(one, i).decode() for i in range(count)],
            "info": _libobs.obs_property_text_info_type(one),
            "suffix": (_libobs.obs_property_float_suffix(one) or b"").decode(),
        }
        if kind == PROPERTY_GROUP:
            yield from _described(_libobs.obs_property_group_content(one), name, is_visible)
        if not _libobs.obs_property_next(ctypes.byref(one)):
            break


def at_work(source, key):
    """The value of a setting as the worker of the filter on `source` has it."""
    return getattr(next(_instances(source)).worker._settings, key)


def end_worker(source):
    """Raise SystemExit in the thread of the filter on `source`; whether it ended."""
    thread = next(_instances(source)).worker._thread
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    thread.join(10)
    return not thread.is_alive()


def counters(source):
    """[frames in which `source` was drawn, draws, pictures captured] of its filter."""
    record = next(_instances(source)).record[0]
    return [int(record[field]) for field in ("frames_rendered", "render_count", "frames_captured")]


def rendered():
    """The frames in which each filter was drawn so far, by "SOURCE: FILTER", all at the same moment."""
    from rvm_core.obs_filter import instance

    return {
        f"{one.source_name}: {one.name}": int(one.record["frames_rendered"][0]) for one in instance.living()
    }


def move_level(source, level):
    """Let `auto` of the filter on `source` go to `level` and stay there."""
    pace = next(_instances(source)).worker._engine._pace
    pace._step(level)
    pace.note = lambda *_: None
    return True


def starve(source, level, seconds):
    """Keep OBS from drawing for `seconds` while `auto` of `source` has all the time at `level`."""
    pace = next(_instances(source)).worker._engine._pace
    pace._step(level)
    pace._budget_ms = 1e6
    _libobs.obs_enter_graphics()
    _libobs.os_sleep_ms(int(1000 * seconds))
    _libobs.obs_leave_graphics()
    return True


def _instances(source):
    from rvm_core.libobs import api
    from rvm_core.obs_filter import instance

    for living in instance.living():
        parent = api.function("obs_filter_get_parent")(living.source)
        if parent and api.function("obs_source_get_name")(parent).decode() == source:
            yield living


def save_preset(preset, values):
    """Keep `values` as a preset of the user's own; here, where the test graphs are models."""
    from rvm_core import presets

    return presets.save(preset, values).name


def is_preset_changed(preset, values):
    """Whether a filter's `values` are not what the preset says."""
    from rvm_core import presets

    return presets.is_changed(preset, values)


def background_media(source):
    """What OBS's media source behind the person of `source` does."""
    media = next(_instances(source)).worker._background._media
    for name, result in (("muted", ctypes.c_bool), ("get_audio_mixers", ctypes.c_uint32)):
        getattr(_libobs, f"obs_source_{name}").restype = result
        getattr(_libobs, f"obs_source_{name}").argtypes = [_P]
    for name, result in (("get_state", ctypes.c_int), ("get_time", ctypes.c_int64)):
        getattr(_libobs, f"obs_source_media_{name}").restype = result
        getattr(_libobs, f"obs_source_media_{name}").argtypes = [_P]
    states = ("none", "playing", "opening", "buffering", "paused", "stopped", "ended", "error")
    return {
        "muted": _libobs.obs_source_muted(media),
        "mixers": _libobs.obs_source_get_audio_mixers(media),
        "state": states[_libobs.obs_source_media_get_state(media)],
        "time_ms": _libobs.obs_source_media_get_time(media),
    }


def spoil_provider(fault):
    """Make a graphics card available that is `fault`; in truth the processor does its work.

    ``faster``: it is right, and the processor takes its time.  ``asleep``: its first picture takes 30 s.
    ``busy``: so it does, in one node of a network, which onnxruntime cannot interrupt.
    """
    import numpy as np

    from rvm_core.errors import InferenceError
    from rvm_core.matting import providers
    from rvm_core.matting.session import Session, value

    if not hasattr(Session, "plain_run"):
        Session.plain_run = Session.run
    cpu = providers.BUILT_IN["cpu"]
    card = providers.Provider("webgpu", cpu, f"a card that is {fault}")
    plain = providers.Provider("cpu", cpu, "processor")
    providers.available = lambda: {"cpu": plain, "webgpu": card}
    providers.why_not = lambda _name: ""

    long = _endless_session() if fault == "busy" else None

    def run(session, feeds):
        if session.provider == "webgpu" and fault == "asleep":
            time.sleep(30)
        if session.provider == "webgpu" and fault == "busy":
            long.run(None, {"start": np.ones((256, 256), np.float32)})
        outputs = Session.plain_run(session, feeds)
        if session.provider != "webgpu":
            time.sleep(0.02 if fault == "faster" else 0)
            return outputs
        if fault == "raising":
            raise InferenceError("The network failed: the card is gone", "Choose another.")
        if fault == "slow":
            time.sleep(0.2)
        if fault in ("wrong", "not a number"):
            alpha = outputs["pha"].numpy()
            spoilt = 1 - alpha if fault == "wrong" else alpha * np.float32(np.nan)
            outputs["pha"] = value(np.ascontiguousarray(spoilt))
        return outputs

    Session.run = run
    return True


def load_as_obs_ends(log, line):
    """Let every model be opened only once `line` stands in OBS's log; the filter waits for it until then."""
    from rvm_core.obs_filter import loading

    plain = loading._built

    def build(wish):
        while line not in Path(log).read_text(errors="replace"):
            time.sleep(POLL_S)
        return plain(wish)

    loading._built = build
    return True


def _endless_session():
    """A session of one product of matrices in a loop, some minutes of work on one processor."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    shape = [256, 256]
    kinds = {"count": (TensorProto.INT64, []), "go_on": (TensorProto.BOOL, [])}
    inner = [helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()]
    inner.append(helper.make_tensor_value_info("before", TensorProto.FLOAT, shape))
    after = helper.make_tensor_value_info("after", TensorProto.FLOAT, shape)
    still = helper.make_tensor_value_info("still", TensorProto.BOOL, [])
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["before", "before"], ["after"]),
            helper.make_node("Identity", ["go_on"], ["still"]),
        ],
        "body",
        inner,
        [still, after],
    )
    constants = [
        numpy_helper.from_array(np.array(10**8), "often"),
        numpy_helper.from_array(np.array(True), "yes"),
    ]
    graph = helper.make_graph(
        [helper.make_node("Loop", ["often", "yes", "start"], ["end"], body=body)],
        "endless",
        [helper.make_tensor_value_info("start", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("end", TensorProto.FLOAT, shape)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


_at_once = {"now": 0, "most": 0}


def slow_down(seconds):
    """Let every matte of every filter take so much longer from now on, without work for the processor."""
    from rvm_core.matting import Matting

    if not hasattr(Matting, "plain_step"):
        Matting.plain_step = Matting.step_internal
    plain, guard = Matting.plain_step, threading.Lock()

    def step(engine, picture):
        with guard:
            _at_once["now"] += 1
            _at_once["most"] = max(_at_once.values())
        time.sleep(seconds)
        try:
            return plain(engine, picture)
        finally:
            with guard:
                _at_once["now"] -= 1

    Matting.step_internal = step
    return True


def of_filters():
    """What filters hold of this process: [instances, their threads]."""
    from rvm_core.obs_filter import instance

    return [len(instance.living()), sum(one.name.startswith("obs-rvm") for one in threading.enumerate())]


def most_at_once():
    """How many mattes were made at a time at most since ``slow_down``, or since this was last asked."""
    most, _at_once["most"] = _at_once["most"], 0
    return most


_may_go_on = threading.Event()


def hang(source):
    """Let the next matte of the filter on `source` take until ``go_on``."""
    engine = next(_instances(source)).worker._engine
    plain = engine.step_internal
    _may_go_on.clear()

    def step(picture):
        _may_go_on.wait(60)
        return plain(picture)

    engine.step_internal = step
    return True


def fail_to_create(step):
    """Let every filter that is to be made fail at `step`, or at none (empty)."""
    from rvm_core.obs_filter import instance

    def fail(*_given):
        raise OSError(f"no {step}")

    for name, whole in _whole.items():
        place, attribute = (instance.Instance, "look_over") if name == "look over" else (instance, name)
        _whole[name] = whole or getattr(place, attribute)
        setattr(place, attribute, fail if name == step else _whole[name])
    return True


_whole = dict.fromkeys(("Event", "SettingsBlock", "Worker", "look over"))


def allocations():
    """What libobs has allocated and not freed, in pieces; and Python's instances of the filter."""
    import gc

    from rvm_core.obs_filter.instance import Instance

    gc.collect()
    _libobs.bnum_allocs.restype = ctypes.c_long
    return [_libobs.bnum_allocs(), sum(isinstance(one, Instance) for one in gc.get_objects())]


def go_on():
    """What hangs ends."""
    _may_go_on.set()
    return True


def mattes():
    """{source: mattes that its filter has made}."""
    from rvm_core.obs_filter import instance

    return {one["source"]: one["mattes"] for one in (i.worker.status.snapshot() for i in instance.living())}


def show(scene, source):
    """Show `source` in `scene`; milliseconds until its filter has a matte on screen."""
    record = next(_instances(source)).record
    before = int(record["results_shown"][0])
    parent = _libobs.obs_get_source_by_name(scene.encode())
    item = _libobs.obs_scene_find_source(_libobs.obs_scene_from_source(parent), source.encode())
    began = time.monotonic()
    _libobs.obs_sceneitem_set_visible(item, True)
    while int(record["results_shown"][0]) == before and time.monotonic() < began + 30:
        time.sleep(0.002)
    _libobs.obs_source_release(parent)
    return 1000 * (time.monotonic() - began)


def color_space(source):
    """The enum gs_color_space in which the filter on `source` works."""
    return int(next(_instances(source)).record[0]["space"])


def reset_at_every_frame(source, frames):
    """Ask for a new epoch `frames` times, each when the last one has begun; how many have begun."""
    from rvm_core.obs_filter.state import Reason

    living = next(_instances(source))
    first = int(living.record[0]["epoch"])
    for _ in range(frames):
        before = int(living.record[0]["epoch"])
        living.reset(Reason.USER)
        for _ in range(200):
            if int(living.record[0]["epoch"]) != before:
                break
            time.sleep(0.005)
    return int(living.record[0]["epoch"]) - first


def hotkeys(source):
    """[name, description] of the hotkeys that OBS lists under `source`, in OBS's order."""
    found = []

    @_HOTKEY
    def look(_data, _number, key):
        if _libobs.obs_hotkey_get_registerer_type(key) == REGISTERED_BY_SOURCE:
            owner = _libobs.obs_weak_source_get_source(_libobs.obs_hotkey_get_registerer(key))
            if owner and _libobs.obs_source_get_name(owner).decode() == source:
                texts = (_libobs.obs_hotkey_get_name(key), _libobs.obs_hotkey_get_description(key))
                found.append([text.decode() for text in texts])
            _libobs.obs_source_release(owner)
        return True

    _libobs.obs_enum_hotkeys(look, None)
    return found


def switch_scene(scene, busy_seconds):
    """Let `scene` go live, and keep the UI thread busy after it."""
    switch = _libobs.obs_frontend_set_current_scene
    switch.restype, switch.argtypes = None, (_P,)
    found = _libobs.obs_get_source_by_name(scene.encode())
    switch(found)
    _libobs.obs_source_release(found)
    time.sleep(busy_seconds)
    return True


def hold(seconds):
    """Keep the UI thread busy."""
    time.sleep(seconds)
    return True


@_TASK
def _sleep_ms(milliseconds):
    time.sleep(milliseconds / 1000)


def hold_destruction(seconds):
    """Let libobs destroy nothing for so long, from now on."""
    _libobs.obs_queue_task(OBS_TASK_DESTROY, _sleep_ms, int(1000 * seconds), False)
    return True


def filter_kinds():
    """{kind: name for people} of every filter that this OBS has."""
    kinds, kind, index = {}, ctypes.c_char_p(), 0
    while _libobs.obs_enum_filter_types(index, ctypes.byref(kind)):
        kinds[kind.value.decode()] = (_libobs.obs_source_get_display_name(kind) or b"").decode()
        index += 1
    return kinds


def origins(modules):
    """{module: its file} of the loaded `modules`."""
    return {name: sys.modules[name].__file__ for name in modules}


_ON_UI_THREAD = {
    "click": click,
    "properties": properties,
    "hotkeys": hotkeys,
    "hold": hold,
    "switch_scene": switch_scene,
    "change_in_window": change_in_window,
    "refresh": refresh,
    "refreshes": refreshes,
    "sync_offset": sync_offset,
    "filter_kinds": filter_kinds,
    "hold_destruction": hold_destruction,
}
_HERE = {
    "origins": origins,
    "at_work": at_work,
    "save_preset": save_preset,
    "is_preset_changed": is_preset_changed,
    "background_media": background_media,
    "spoil_provider": spoil_provider,
    "spoil_presets": spoil_presets,
    "speak": speak,
    "end_worker": end_worker,
    "counters": counters,
    "rendered": rendered,
    "move_level": move_level,
    "starve": starve,
    "load_as_obs_ends": load_as_obs_ends,
    "slow_down": slow_down,
    "most_at_once": most_at_once,
    "of_filters": of_filters,
    "hang": hang,
    "fail_to_create": fail_to_create,
    "allocations": allocations,
    "go_on": go_on,
    "mattes": mattes,
    "show": show,
    "color_space": color_space,
    "reset_at_every_frame": reset_at_every_frame,
}


def _on_ui_thread(call, arguments):
    answers = []

    def task(_):
        try:
            answers.append(call(**arguments))
        except Exception:
            answers.append({"error": traceback.format_exc()})

    kept = _TASK(task)
    _libobs.obs_queue_task(OBS_TASK_UI, kept, None, True)
    return answers[0]


def _serve(folder):
    while True:
        for request in sorted(folder.glob("*.json")):
            asked = json.loads(request.read_text())
            request.unlink()
            name = asked.pop("call")
            answer = _HERE[name](**asked) if name in _HERE else _on_ui_thread(_ON_UI_THREAD[name], asked)
            part = request.with_suffix(".part")
            part.write_text(json.dumps(answer))
            part.replace(request.with_suffix(".answer"))
        time.sleep(POLL_S)


def script_load(settings):
    folder = Path(obs.obs_data_get_string(settings, "folder"))
    threading.Thread(target=_serve, args=(folder,), name="inside", daemon=True).start()
