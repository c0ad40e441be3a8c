"""A program whose inference outlives the interpreter, run by ``test_ending`` with two words.

``back``: the inference ends after the interpreter, and its thread wants to go back to Python.
``allocates``: native work ends after the interpreter and asks for the GIL, as OpenCV does where it allocates.
``exit``: it goes on while the destructors of libraries run.
``elsewhere``: another thread faults meanwhile, which ends the process as ever.
``guarded`` or ``bare``: with our guard or without.  It ends with code 7 where all goes well.
"""

import ctypes
import sys
import threading

import llvmlite.binding as llvm
import numpy as np
from numba import carray, cfunc, types
from numba.extending import intrinsic

when, how = sys.argv[1:]
goes_on = np.ones(1, np.int64)
libc = ctypes.CDLL(None)
llvm.add_symbol("test_usleep", ctypes.cast(libc.usleep, ctypes.c_void_p).value)
usleep = types.ExternalFunction("test_usleep", types.int32(types.uint32))
llvm.add_symbol("test_ensure", ctypes.cast(ctypes.pythonapi.PyGILState_Ensure, ctypes.c_void_p).value)
ensure_gil = types.ExternalFunction("test_ensure", types.int32())
address = goes_on.ctypes.data


@intrinsic
def as_numbers(_context, _address):
    return types.CPointer(types.int64)(
        types.int64
    ), lambda context, builder, signature, arguments: builder.inttoptr(
        arguments[0], context.get_value_type(signature.return_type)
    )


@cfunc(types.void())
def let_it_end():
    carray(as_numbers(address), 1)[0] = 0
    usleep(types.uint32(900_000))
    usleep(types.uint32(900_000))


@cfunc(types.void())
def take_a_while():
    usleep(types.uint32(900_000))
    usleep(types.uint32(900_000))


@cfunc(types.void())
def allocate():
    while carray(as_numbers(address), 1)[0]:
        usleep(types.uint32(1000))
    ensure_gil()


if when == "exit":
    libc.on_exit(ctypes.c_void_p(take_a_while.address), None)  # after the destructors of what is loaded later

import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from rvm_core.obs_filter import ending, exit_guard  # noqa: E402

SHAPE = [64, 64]


def endless():
    """A loop of matrix products for as long as `goes_on`."""
    told = helper.make_tensor_value_info
    kinds = (TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT)
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["before", "before"], ["after"]),
            helper.make_node("Cast", ["goes_on"], ["still"], to=TensorProto.BOOL),
        ],
        "body",
        [told(*one) for one in zip(("count", "is_on", "before"), kinds, ([], [], SHAPE), strict=True)],
        [told("still", TensorProto.BOOL, []), told("after", TensorProto.FLOAT, SHAPE)],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["often", "yes", "start"], ["end"], body=body)],
        "endless",
        [told("start", TensorProto.FLOAT, SHAPE), told("goes_on", TensorProto.INT64, [])],
        [told("end", TensorProto.FLOAT, SHAPE)],
        [numpy_helper.from_array(np.array(10**12), "often"), numpy_helper.from_array(np.array(True), "yes")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


session = onnxruntime.InferenceSession(endless().SerializeToString(), providers=["CPUExecutionProvider"])
began = threading.Event()


def infer():
    with ending.working():
        if when == "allocates":
            began.set()
            ctypes.CFUNCTYPE(None)(allocate.address)()
        start = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(SHAPE, np.float32))
        shared = onnxruntime.OrtValue.ortvalue_from_numpy(goes_on.reshape(()))
        began.set()
        session.run_with_ort_values(None, {"start": start, "goes_on": shared})


threading.Thread(target=infer, daemon=True).start()
assert began.wait(60)
threads = ending.wait_for_work()
assert len(threads) == 1
if when != "exit":
    ctypes.pythonapi.Py_AtExit(ctypes.c_void_p(let_it_end.address))
for kept in (goes_on, let_it_end, take_a_while, allocate):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
if how == "guarded":
    assert exit_guard.guard(threads)
if when == "elsewhere":
    ctypes.string_at(0)
print("said before the end")
sys.exit(7)
