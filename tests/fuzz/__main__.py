"""``python -m tests.fuzz [--minutes 10] [TARGET ...]``: fuzz each target (ini, presets ...) for so long."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    """Run each target in a process of its own; the number of those that failed."""
    known = sorted(file.stem.removeprefix("test_") for file in FOLDER.glob("test_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(known))
    options = parser.parse_args()
    if unknown := set(options.targets) - set(known):
        parser.error(f"no target {', '.join(sorted(unknown))}; use {', '.join(known)}")
    environment = {**os.environ, "FUZZ_MINUTES": str(options.minutes)}
    failed = 0
    for target in options.targets or known:
        command = [sys.executable, "-m", "pytest", "-q", str(FOLDER / f"test_{target}.py")]
        failed += subprocess.run(command, env=environment, cwd=FOLDER.parents[1], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
