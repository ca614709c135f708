"""Tests of the chaos harness. Its modules are scripts beside each other, not a package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "ops" / "chaos"))
