"""What the README shows is what the commands say."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from streams.cli.main import app
from streams.live.settings import KEYS
from tests.kafka.test_prometheus import ANSWERS
from tests.ops.catalogue import faults

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
JSON = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
(JOURNEY,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
SHOWN = dict(re.findall(r"^\$ journeys ([^|\n]*[^|\s])[^\n]*\n((?:[^$`\n][^\n]*\n)+)", README, re.MULTILINE))
REPLAY = "replay events.jsonl --journey first-week.yaml"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that the README has one write."""
    monkeypatch.chdir(tmp_path)
    Path("first-week.yaml").write_text(JOURNEY)
    Path("mistaken.yaml").write_text("first_reprot".join(JOURNEY.rsplit("first_report", 1)))
    Path("events.jsonl").write_text(JSON[0])


def said(command: str) -> str:
    """What a command prints to standard output."""
    return CliRunner().invoke(app, command.split()).stdout


@pytest.mark.parametrize("command", ["check first-week.yaml", "check mistaken.yaml"])
def test_check_says_what_the_readme_shows(command: str) -> None:
    """Of a file that is right, and of one that is not."""
    assert said(command).splitlines()[-1:] == SHOWN[command].splitlines()


def test_replay_gives_the_rows_that_the_readme_shows() -> None:
    """The members that jq picks there, and one row in full."""
    rows = said(REPLAY).splitlines()
    picked = [[json.loads(row)[name] for name in ("effective_at", "kind", "rule", "cause")] for row in rows]
    assert ["  ".join(members) for members in picked] == SHOWN[REPLAY].splitlines()
    assert JSON[1].strip() in rows


def test_every_setting_is_in_the_readme() -> None:
    """Sections are not: their keys are."""
    told = re.findall(r"`([a-z_.]+)`", re.sub(r"`\.", "`source.fields.", README))
    for key, field in KEYS.items():
        section = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        assert section or key in told, key


def test_the_queries_of_the_readme_are_those_that_a_real_prometheus_has_answered() -> None:
    """And they ask for nothing that workers do not have."""
    (block,) = re.findall(r"```promql\n(.*?)```", README, re.DOTALL)
    asked = re.sub(r"^#.*\n", "", block, flags=re.MULTILINE)
    assert [query for query in ANSWERS if query not in asked] == []
    assert list(faults(asked)) == []


def test_what_the_readme_points_to_exists() -> None:
    """Files by link, tests by command."""
    links = re.findall(r"\]\(([^)]+)\)", README)
    tests = [word for line in re.findall(r"`\.venv/bin/pytest ([^`]+)`", README) for word in line.split()]
    for path in links + tests:
        assert (ROOT / path).exists(), path
