"""What users read, in their language: English stands in the code, a catalogue for each other language here.

A catalogue maps English texts to translations.  A text with {name} is filled by whoever asks for it; one with
{0} is how a finished message is made, such as an error's, and is found by the message itself.
"""

from __future__ import annotations

from rvm_core.texts.catalogues import translated

__all__ = ["translated"]
