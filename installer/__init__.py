"""Brings the filter onto a computer, and shows it: facts, a plan, atomic steps, a private OBS, the demo.

Everything here but ``demo.py`` and ``sandbox.py``'s connection to obs-websocket needs the standard
library only, because it runs before the environment exists.
"""
