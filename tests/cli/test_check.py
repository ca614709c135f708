"""`journeys check`: every problem of every file, an exit code for scripts, and JSON for tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.check import check
from tests.language.small import text

LINTS = Path(__file__).parents[1] / "language" / "lints"

app = typer.Typer()
app.command()(check)
run = CliRunner()


@pytest.fixture(name="right")
def _right() -> str:
    return str(LINTS / "clean.yaml")


@pytest.fixture(name="better")
def _better() -> str:
    """A file that is right and could be better."""
    return str(LINTS / "LN14.yaml")


@pytest.fixture(name="wrong")
def _wrong(tmp_path: Path) -> str:
    path = tmp_path / "wrong.yaml"
    path.write_text(text(path="[redy, begn]"), encoding="utf-8")
    return str(path)


def test_a_file_that_is_right_is_one_line_and_exit_code_0(right: str) -> None:
    """With the journey and its version."""
    result = run.invoke(app, [right])

    assert (result.exit_code, result.stdout) == (0, f"{right}: OK, journey clean version 1\n")


def test_every_problem_of_a_file_that_is_wrong_is_a_line_and_the_exit_code_is_1(right: str, wrong: str) -> None:
    """Other files are checked all the same."""
    result = run.invoke(app, [wrong, right])

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{wrong}:10 path[0]: 'redy' is no milestone; did you mean 'ready'? [unknown_name]",
        f"{wrong}:10 path[1]: 'begn' is no milestone; did you mean 'begun'? [unknown_name]",
        f"{right}: OK, journey clean version 1",
    ]


def test_a_file_that_cannot_be_read_is_named_on_standard_error_and_the_exit_code_is_2(wrong: str) -> None:
    """It is a mistake in the call, not in a journey."""
    result = run.invoke(app, ["missing.yaml", wrong])

    assert result.exit_code == 2
    assert result.stderr == "missing.yaml: cannot be read: No such file or directory; check the path and its rights\n"
    assert "unknown_name" in result.stdout


def test_json_tells_the_same_of_all_files(right: str, wrong: str) -> None:
    """One array, an object for each file."""
    result = run.invoke(app, ["--json", right, wrong, "missing.yaml"])

    good, bad, missing = json.loads(result.stdout)
    assert result.exit_code == 2
    assert (good["file"], good["journey"], good["version"], good["problems"]) == (right, "clean", 1, [])
    assert (good["warnings"], bad["warnings"]) == ([], [])
    assert bad["problems"][0] == {
        "file": wrong,
        "line": 10,
        "path": "path[0]",
        "message": "'redy' is no milestone; did you mean 'ready'?",
        "code": "unknown_name",
    }
    assert missing["error"].startswith("cannot be read")


def test_a_warning_is_a_line_and_refuses_nothing(better: str) -> None:
    """The last line tells how many there are."""
    result = run.invoke(app, [better])

    assert result.exit_code == 0
    warning, last = result.stdout.splitlines()
    assert warning.startswith(f"{better}:39 dropoffs.stalled: nobody can tell where on the path this happens; write")
    assert warning.endswith("[LN14]")
    assert last == f"{better}: OK, journey ln14 version 1, 1 warning"


def test_several_warnings_are_counted(tmp_path: Path) -> None:
    """In the plural."""
    path = tmp_path / "small.yaml"
    path.write_text(text(), encoding="utf-8")

    *warnings, last = run.invoke(app, [str(path)]).stdout.splitlines()

    assert len(warnings) > 1
    assert last == f"{path}: OK, journey small version 1, {len(warnings)} warnings"


def test_strict_makes_a_warning_count(right: str, better: str, wrong: str) -> None:
    """The exit code is 1; without a warning it is 0, and what cannot be read stays 2."""
    codes = [
        run.invoke(app, ["--strict", *files]).exit_code for files in ((right,), (right, better), (wrong,), ("no",))
    ]

    assert codes == [0, 1, 1, 2]


def test_json_tells_the_warnings(better: str) -> None:
    """With the same fields as problems."""
    [report] = json.loads(run.invoke(app, ["--json", better]).stdout)

    [warning] = report["warnings"]
    assert (report["code"], report["problems"]) == (0, [])
    assert (warning["file"], warning["line"], warning["path"], warning["code"]) == (
        better,
        39,
        "dropoffs.stalled",
        "LN14",
    )
    assert "write `edge:" in warning["message"]
