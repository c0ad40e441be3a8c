"""libobs 32 with a picture and no filter of ours: saves what it shows to the file given."""

from __future__ import annotations

import sys

import numpy as np
import session

picture_file, shown_file, width, height = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with session.running(width, height) as pylibobs:
    image = pylibobs.Source.create("image_source", "picture", {"file": picture_file})
    np.save(shown_file, session.picture(pylibobs, image, width, height))
    image.release()
print("libobs was shut down, leaks", session.allocations())
