"""``obs-rvm doctor``: what this computer has for the filter, what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rvm_core.cli.output import EXIT_FAULT, show
from rvm_core.desktop.obs import Kind
from rvm_core.health.diagnosis import Diagnosis
from rvm_core.health.finding import Finding

DEFAULT_MODEL = "rvm_mobilenetv3"
_SIGNS = {"good": "ok", "note": "note", "problem": "PROBLEM"}
_PLAIN = str.maketrans({"→": "->", "“": '"', "”": '"', "×": "x"})


@dataclass(frozen=True)
class Report(Diagnosis):
    """A diagnosis for people and for programs.  summary: whether all is well, or what to do first."""

    summary: str

    def text(self) -> str:
        """A block for each subject, then the summary."""
        lines = [f"obs-rvm {self.version}, Python {self.python}, {self.system}"]
        for subject, findings in itertools.groupby(self.findings, lambda one: one.subject):
            lines.append(subject)
            lines += (line for one in findings for line in _lines(one))
        return _writable("\n".join([*lines, "", self.summary]))


def _summary(problems: Sequence[Finding]) -> str:
    if not problems:
        return "All is well."
    count = "One problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"{count}. Do this first: {problems[0].remedy}"


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    command = commands.add_parser(
        "doctor", help="what this computer has for the filter, what is wrong, and what to do about it"
    )
    command.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="a name of `models list`")
    command.add_argument("--obs", choices=[kind.value for kind in Kind], help="which OBS is meant")
    command.add_argument("--quick", action="store_true", help="look only, and try nothing")
    command.add_argument(
        "--try",
        dest="tried",
        default="",
        metavar="PROVIDER",
        help="let a provider prove itself whatever is at work, also one that was left out",
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    # How the doctor runs in a process of its own what may crash.
    command.add_argument("--child", nargs=2, metavar=("PART", "NAME"), help=argparse.SUPPRESS)
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.child:
        return _run_child(options.child, options.model)
    from rvm_core.desktop.machine import ThisMachine
    from rvm_core.health.case import Case
    from rvm_core.health.examination import examined

    kind = Kind(options.obs) if options.obs else None
    found = examined(Case(ThisMachine(), options.model, kind, options.tried, options.quick))
    show(Report(**vars(found), summary=_summary(found.problems)), as_json=options.json)
    return EXIT_FAULT if found.problems else 0


def _run_child(trial: Sequence[str], model: str) -> int:
    from rvm_core.health.trial import answers

    part, name = trial
    for answer in answers(part, name, model):
        print(json.dumps(answer), flush=True)
    return 0


def _lines(finding: Finding) -> Iterator[str]:
    yield f"  {_SIGNS[finding.state]:8} {finding.told}"
    if finding.remedy:
        yield f"  {'':8} → {finding.remedy}"
    yield from (f"  {'':8}   {line}" for line in finding.details)


def _writable(text: str) -> str:
    """`text` in signs that the terminal can write, as far as plainer ones mean the same."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return text.translate(_PLAIN)
    return text
