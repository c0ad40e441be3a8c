"""What ``obs-rvm doctor`` finds out: a file for each subject, which looks and changes nothing.

Standard library only, and the rooms that are bare of packages: whatever needs more runs in a process of its
own (``trial``).  So it works where nothing else does, and goes on where a driver crashes.
"""

from __future__ import annotations
