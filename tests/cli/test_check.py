"""`journeys check`: every problem of every file, an exit code for scripts, and JSON for tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.check import check
from tests.language.small import text

app = typer.Typer()
app.command()(check)
run = CliRunner()


@pytest.fixture(name="right")
def _right(tmp_path: Path) -> str:
    path = tmp_path / "right.yaml"
    path.write_text(text(), encoding="utf-8")
    return str(path)


@pytest.fixture(name="wrong")
def _wrong(tmp_path: Path) -> str:
    path = tmp_path / "wrong.yaml"
    path.write_text(text(path="[redy, begn]"), encoding="utf-8")
    return str(path)


def test_a_file_that_is_right_is_one_line_and_exit_code_0(right: str) -> None:
    """With the journey and its version."""
    result = run.invoke(app, [right])

    assert (result.exit_code, result.stdout) == (0, f"{right}: OK, journey small version 1\n")


def test_every_problem_of_a_file_that_is_wrong_is_a_line_and_the_exit_code_is_1(right: str, wrong: str) -> None:
    """Other files are checked all the same."""
    result = run.invoke(app, [wrong, right])

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{wrong}:10 path[0]: 'redy' is no milestone; did you mean 'ready'? [unknown_name]",
        f"{wrong}:10 path[1]: 'begn' is no milestone; did you mean 'begun'? [unknown_name]",
        f"{right}: OK, journey small version 1",
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
    assert (good["file"], good["journey"], good["version"], good["problems"]) == (right, "small", 1, [])
    assert bad["problems"][0] == {
        "file": wrong,
        "line": 10,
        "path": "path[0]",
        "message": "'redy' is no milestone; did you mean 'ready'?",
        "code": "unknown_name",
    }
    assert missing["error"].startswith("cannot be read")
