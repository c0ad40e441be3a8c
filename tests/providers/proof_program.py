"""What WebGPU makes of a matting graph, and what we say to it, for a child process with the rival build.

    proof_program.py WIDTH HEIGHT FILE...

prints {"version": of onnxruntime, "graphs": [{"largest": {output: largest difference from the processor},
"refusal": why we do not trust it, or ""} for each file]}.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from rvm_core.errors import ProviderError
from rvm_core.matting.proof import prove
from rvm_core.matting.session import Session, value


def judged(candidate: Session, reference: Session) -> dict[str, Any]:
    """What the one makes of a graph beside the other; their sizes are fixed."""
    random = np.random.default_rng(0)
    feeds = {name: value(random.random(shape, np.float32)) for name, shape in candidate.inputs.items()}
    given, expected = (session.run(feeds) for session in (candidate, reference))
    largest = {name: float(np.abs(given[name].numpy() - expected[name].numpy()).max()) for name in expected}
    try:
        prove(candidate, reference)
        refusal = ""
    except ProviderError as fault:
        refusal = fault.problem
    return {"largest": largest, "refusal": refusal}


if __name__ == "__main__":
    width, height, *files = sys.argv[1:]
    size = int(width), int(height)
    # All open at once: with its last session WebGPU forgets its shaders, which take most of the time.
    pairs = [[Session(Path(file), name, 1, size) for name in ("webgpu", "cpu")] for file in files]
    json.dump({"version": ort.__version__, "graphs": [judged(*pair) for pair in pairs]}, sys.stdout)
