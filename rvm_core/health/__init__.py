"""What ``obs-rvm doctor`` finds out: a file for each subject, which asks and changes nothing.

Standard library only, and the rooms that are bare of packages: whatever loads more runs in a process of its
own.  So it works where nothing else does.
"""

from __future__ import annotations

from rvm_core.health.case import Case
from rvm_core.health.examination import Diagnosis, examined
from rvm_core.health.finding import Finding
from rvm_core.health.trial import answers

__all__ = ["Case", "Diagnosis", "Finding", "answers", "examined"]
