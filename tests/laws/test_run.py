"""A long run of the laws can be stopped at any moment, and the same command goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.laws.diary import Diary, Finding, Stretch, summary

STRETCHES = [range(25), range(25, 50)]
FINDING = Finding(30, "bounded", "states grow")


def stretch(numbers: range, *findings: Finding) -> Stretch:
    """What was asked of them, made up."""
    asked = {"order_free": len(numbers)}
    return Stretch(numbers.start, numbers.stop, 0.5, 40, asked, {"achieved": 3}, list(findings))


def test_a_run_whose_time_is_up_goes_on_with_what_is_left(tmp_path: Path) -> None:
    """Stopped after a stretch; then it asks the other one only; then there is nothing left."""
    options = ["--journeys", "50", "--processes", "1", "--diary", str(tmp_path / "diary")]
    command = [sys.executable, "-m", "tests.laws.run", *options]

    def run(*more: str) -> tuple[int, str]:
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        assert not done.stderr.count("Traceback"), done.stderr
        return done.returncode, done.stdout

    stopped, rest, again = run("--minutes", "0"), run(), run()

    assert (stopped[0], rest[0], again[0]) == (3, 0, 0)
    assert "25 of 50 worlds" in stopped[1]
    assert "the same command goes on" in stopped[1]
    assert "50 of 50 worlds" in rest[1]
    assert "this time: 25 worlds" in rest[1]
    assert "this time: 0 worlds" in again[1]


def test_a_line_that_was_torn_is_asked_again(tmp_path: Path) -> None:
    """A kill in the middle of a write leaves half a line, which is taken out."""
    path = tmp_path / "diary"
    diary = Diary.read(path, STRETCHES)
    for numbers in STRETCHES:
        diary.add(stretch(numbers))
    path.write_bytes(path.read_bytes()[:-10])

    torn = Diary.read(path, STRETCHES)
    torn.add(stretch(STRETCHES[1], FINDING))
    mended = Diary.read(path, STRETCHES)

    assert list(torn.done) == STRETCHES
    assert mended.worlds == 50
    assert mended.findings == [FINDING]


def test_what_was_asked_of_other_sources_does_not_count(tmp_path: Path) -> None:
    """They are another engine, or other laws; the summary says how many there were."""
    path = tmp_path / "diary"
    old = Diary(path, "an earlier state")
    old.add(stretch(STRETCHES[0]))

    diary = Diary.read(path, STRETCHES)

    assert diary.worlds == 0
    assert "not counted: 25 worlds of sources an earlier state" in summary(diary, 0, 50)


def test_the_summary_has_a_line_for_each_law(tmp_path: Path) -> None:
    """How often it was asked, and how often it did not hold."""
    diary = Diary(tmp_path / "diary", "these")
    diary.add(stretch(STRETCHES[0]))
    diary.add(stretch(STRETCHES[1], FINDING))

    told = summary(diary, 0, 50)

    assert "50 of 50 worlds with 80 journeys, seeds 0 to 49" in told
    assert "sources these" in told
    assert "mismatches: 1" in told
