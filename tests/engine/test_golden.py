"""The source that is generated for the reference journey, kept as a file: whoever changes it sees what has changed.

After a change that is meant, read the difference and write the file anew:

    .venv/bin/python -c 'from tests.engine.test_golden import *; GOLDEN.write_text(source())'
"""

from __future__ import annotations

from pathlib import Path

from streams.engine.program import make_program
from streams.language import compile_journey, load_journey

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN = FOLDER / "reference.py.txt"


def source() -> str:
    """The generated functions of the reference journey."""
    return make_program(compile_journey(load_journey(FOLDER / "reference.yaml"))).source


def test_the_reference_journey_becomes_the_source_that_was_reviewed() -> None:
    """Not a letter differs; states of this journey are read by this source and no other."""
    assert source() == GOLDEN.read_text()
