"""What this computer has: OBS and its configuration, Pythons, graphics processors.

Standard library only, and nothing is ever changed: the installer plans with it before anything else is there,
``obs-rvm doctor`` explains with it afterwards.  Everything is seen through a `Machine`, so that tests replay
computers that were recorded elsewhere.
"""

from __future__ import annotations
