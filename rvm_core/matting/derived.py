"""Graphs made from model files: once per model, proved, and kept with a certificate."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rvm_core import atomic_write, paths
from rvm_core.interruption import acquired
from rvm_core.models.verify import fault

_log = logging.getLogger(__name__)

_making = threading.Lock()


def derived(
    model: Path, form: int, make: Callable[[Path], bytes], prove: Callable[[Path, Path], Mapping[str, Any]]
) -> Path:
    """The graph that `make` makes of the verified `model`, made now if it is not there yet.

    form: raised with every change of `make` that changes its result.  prove: given the graph and the model,
    raises where the graph is not right, else gives what the certificate says of it.
    Any thread; several wait for the one that makes it.  Raises OSError, Interrupted, and what `make` and
    `prove` raise.
    """
    with acquired(_making):
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        file = paths.specialised_dir() / f"{model.stem}-{digest[:16]}-{form}.onnx"
        certificate = file.with_suffix(".json")
        if _is_certified(file, certificate):
            return file
        content = make(model)
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write.replacing(file, durable=False) as part:
            part.write_bytes(content)
            found = prove(part, model)
        sha256 = hashlib.sha256(content).hexdigest()
        facts = {"bytes": len(content), "sha256": sha256, "made_from": model.name, **found}
        atomic_write.write(certificate, (json.dumps(facts, indent=2) + "\n").encode(), durable=False)
        _log.info(
            "%s: graph made, %s", model.name, ", ".join(f"{key} {value}" for key, value in found.items())
        )
        return file


def _is_certified(file: Path, certificate: Path) -> bool:
    """Whether what lies there is what was proved."""
    try:
        promised = json.loads(certificate.read_text(encoding="utf-8"))
        return fault(file, promised["bytes"], promised["sha256"]) is None
    except (OSError, ValueError, KeyError, TypeError):
        return False
