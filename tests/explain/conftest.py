from __future__ import annotations

import sys
from pathlib import Path

# models.py and the oracles are read by the tests of several folders.
for folder in (Path(__file__).parent, Path(__file__).parents[1] / "oracles"):
    sys.path.insert(0, str(folder))
