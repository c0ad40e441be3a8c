"""Bytes of .tflite files, real ones and small ones, with any of them changed."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rvm_core import paths
from rvm_core.errors import ModelError
from rvm_core.matting.mediapipe import converted
from rvm_core.matting.rewrite import UnfamiliarGraph
from rvm_core.matting.tflite import to_onnx
from rvm_core.models import ensure
from tests.fuzz.outside import attempt, quietly, snapshot
from tests.lite import lite_file

OPERATORS = (
    "LOGISTIC",
    "RELU",
    "HARD_SWISH",
    "ABS",
    "SOFTMAX",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "MEAN",
    "TRANSPOSE_CONV",
    "ADD",
)
ODD_NUMBERS = (0, 1, 2, 3, 5, 127, 255, 256, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
REAL = ("mediapipe_selfie", "mediapipe_selfie_landscape")


@cache
def small_files() -> tuple[bytes, ...]:
    return tuple(lite_file(operator) for operator in OPERATORS)


@cache
def real_files() -> tuple[bytes, ...]:
    """Those that the tests' data folder has; without any, the small ones stand in."""
    found = []
    for name in REAL:
        try:
            found.append(ensure(name, download=False).read_bytes())
        except ModelError:
            continue
    return tuple(found) or small_files()


@cache
def words(content: bytes) -> tuple[int, ...]:
    """Places of numbers that look like the file's structure: small, and at 4 bytes; weights are not."""
    return tuple(
        at for at in range(0, len(content) - 3, 4) if 0 < struct.unpack_from("<I", content, at)[0] < 4096
    )


@st.composite
def mutated(draw: st.DrawFn, files: tuple[bytes, ...]) -> bytes:
    """One of `files` with some numbers and bytes changed, parts moved, or cut off."""
    whole = draw(st.sampled_from(files))
    content = bytearray(whole)
    for _ in range(draw(st.integers(0, 8))):
        how = draw(st.sampled_from(["word", "word", "word", "half", "byte", "copy", "cut"]))
        at = draw(st.sampled_from(words(whole)) | st.integers(0, len(whole) - 4))
        at = min(at, max(len(content) - 4, 0))
        if how == "word":
            number = draw(st.sampled_from(ODD_NUMBERS) | st.integers(0, 300) | st.integers(0, 2**32 - 1))
            content[at : at + 4] = struct.pack("<I", number)
        elif how == "half":
            content[at : at + 2] = struct.pack("<H", draw(st.integers(0, 2**16 - 1)))
        elif how == "byte":
            content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif how == "copy":
            source = draw(st.sampled_from(words(whole)))
            content[at : at + 4] = whole[source : source + 4]
        elif draw(st.integers(0, 9)) == 0:
            del content[at:]
    return bytes(content)


RANDOM = st.binary(max_size=400) | st.binary(max_size=400).map(lambda rest: b"\x1c\0\0\0TFL3" + rest)


def converted_or_refused(content: bytes) -> tuple[Any, str]:
    """The graph, or why there is none."""
    try:
        return to_onnx(content), ""
    except UnfamiliarGraph as refusal:
        return None, str(refusal)


def is_converted_or_refused(content: bytes) -> None:
    with quietly():
        made, reason = converted_or_refused(content)
    if made is None:
        assert reason.strip()
        assert len(reason) < 2000, "nobody reads that"
    else:
        assert [one.name for one in made.graph.input] == ["src"]
        assert made.ByteSize() < 64 * len(content) + 100_000


@given(mutated(small_files()) | RANDOM)
@example(b"")
@example(b"\xff" * 64)
@example(b"\x1c\0\0\0TFL3" + b"\xff" * 64)
def test_a_small_file(content: bytes) -> None:
    is_converted_or_refused(content)


@settings(max_examples=max(settings.default.max_examples // 3, 1))
@given(mutated(real_files()))
def test_a_real_file(content: bytes) -> None:
    is_converted_or_refused(content)


@settings(max_examples=max(settings.default.max_examples // 4, 1))
@given(mutated(small_files()) | RANDOM)
@example(b"")
@example(lite_file("RELU", weights=np.full(3, 1e38, np.float32)))
def test_a_users_own_model_that_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """As the worker does: converted, opened by onnxruntime, proved; what fails is said and leaves nothing."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    model = tmp_path / "model.tflite"
    model.write_bytes(content)
    before = snapshot(tmp_path)
    with quietly():
        graph, problem = attempt(lambda: converted(model))
    after = snapshot(tmp_path)
    assert {name: after[name] for name in before} == before
    added = {name for name in after.keys() - before.keys() if after[name] != "folder"}
    if problem is not None:
        assert added == set()
    else:
        assert str(graph.relative_to(tmp_path)) in after
        assert len(added) <= 2
