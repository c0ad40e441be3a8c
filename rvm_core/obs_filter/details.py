"""What a filter's status is to people: a few short rows in OBS's language.  UI thread or worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rvm_core.obs_filter.language import told, tr
from rvm_core.obs_filter.state import REASON_TEXT
from rvm_core.settings import BY_KEY, MODEL_KEY, PROVIDER_KEY, QUALITY_KEY


class Row(NamedTuple):
    """What is told of, and what there is to tell."""

    label: str
    text: str


def rows(status: Mapping[str, Any]) -> tuple[Row, ...]:
    """At most eleven rows from a filter's `status`, as ``Status.snapshot`` gives it."""
    return tuple(Row(label, text) for label, text in (*_of_what_runs(status), *_of_trouble(status)))


def _of_what_runs(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not status["model"]:
        return
    yield tr("Model"), _choice(MODEL_KEY, status["model"])
    provider = _choice(PROVIDER_KEY, status["provider"])
    is_processor = status["provider"] == "cpu"
    threads = status["threads"]
    yield (
        tr("Runs on"),
        tr("{what} (threads: {count})", what=provider, count=threads) if is_processor else provider,
    )
    if status["left_out"]:
        yield tr("Left out"), "; ".join(map(_refusal, status["left_out"]))
    level = _choice(QUALITY_KEY, status["level"])
    if status["source_width"]:
        small = f"{status['internal_width']}×{status['internal_height']}"
        whole = f"{status['source_width']}×{status['source_height']}"
        level = tr("{level}, the network sees {small} of {whole}", level=level, small=small, whole=whole)
    yield tr("Quality"), level
    if status["mattes"]:
        rate, ms = f"{status['mattes_per_second']:.0f}", f"{status['matte_ms_p50']:.0f}"
        yield tr("Speed"), tr("{rate} mattes a second, {ms} ms each", rate=rate, ms=ms)
    if status["results_shown"]:
        yield from _latency(status)
    if status["resets"]:
        last = status["resets"][-1]
        reason = ", ".join(told(text) for text in REASON_TEXT.values() if text in last["reason"])
        yield tr("Started anew"), tr("{count}, the last: {reason}", count=last["epoch"], reason=reason)
    if status["frames_captured"]:
        dropped, captured = status["frames_dropped"], status["frames_captured"]
        yield tr("Dropped"), tr("{dropped} of {captured} pictures", dropped=dropped, captured=captured)


def _latency(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    ms = f"{status['capture_to_screen_ms_p50']:.0f}"
    if status["latency"] == "lowest":
        yield tr("Latency"), tr("None; the matte trails by {ms} ms", ms=ms)
        return
    yield tr("Latency"), tr("{frames} frames, {ms} ms", frames=f"{status['lag_frames_p50']:.0f}", ms=ms)
    yield tr("Sync offset"), tr("{ms} ms for the microphone", ms=ms)


def _of_trouble(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if status["problem"]:
        yield tr("Problem"), told(status["problem"])
        yield tr("What to do"), told(status["remedy"])
    elif status["last_problem"]:
        yield tr("Last problem"), tr("{problem} It is over.", problem=told(status["last_problem"]))


def _refusal(clause: str) -> str:
    """`clause` is a provider and why it is left out."""
    provider, _, reason = clause.partition(": ")
    return f"{_choice(PROVIDER_KEY, provider)}: {told(reason)}"


def _choice(key: str, value: str) -> str:
    """What users read for the `value` of a setting; its name where it is none of ours."""
    return told(dict(BY_KEY[key].choices).get(value, value))
