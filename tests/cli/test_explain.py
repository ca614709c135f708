"""`journeys explain`: a person reads why, a tool reads the same, and nobody reads what is personal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from tests.replay.recompute import decisions

B2B = Path(__file__).parents[2] / "ops" / "journeys" / "b2b-trial.yaml"
run = CliRunner()


def line(number: int, kind: str, at: str, user: str = "u1", **more: Any) -> str:
    """An event as a line of a file."""
    return json.dumps({"id": f"e{number}", "type": kind, "user_id": user, "occurred_at": at, **more})


LINES = [
    line(1, "user_signed_up", "2026-03-02T09:00:00Z", account_id="a1"),
    line(2, "logged_in", "2026-03-02T09:01:00Z"),
    line(3, "profile_changed", "2026-03-02T09:02:00Z", properties={"intent": "segmentation", "email": "ann@corp.test"}),
    line(4, "subscription_changed", "2026-03-02T09:03:00Z", properties={"trial_ends_at": "2026-03-16T09:00:00Z"}),
    line(5, "setup_completed", "2026-03-02T10:00:00Z"),
    line(6, "pricing_viewed", "2026-03-02T11:00:00Z", properties={"session_id": "s1"}),
    line(7, "feature_used", "2026-03-03T11:00:00Z", properties={"feature": "exports"}),
    line(8, "logged_in", "2026-03-01T10:00:00Z", arrival_at="2026-03-03T12:00:00Z"),
    line(9, "logged_in", "2026-03-05T12:00:00Z", arrival_at="2026-03-03T12:30:00Z"),
    line(10, "coffee_made", "2026-03-03T13:00:00Z", user="u2"),
    line(11, "logged_in", "2026-03-04T11:10:00Z", user="u3"),
]


@pytest.fixture(name="events")
def _events(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(LINES))
    return path


def explain(events: Path, *arguments: str, entity: str = "u1") -> Result:
    """Run the command on a file."""
    return run.invoke(app, ["explain", entity, "--journey", str(B2B), "--events", str(events), *arguments])


def test_a_person_reads_where_the_user_is_why_and_what_comes_next(events: Path) -> None:
    """In sentences, no line longer than 100 columns."""
    result = explain(events)

    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 100
    for told in (
        "in stage: no_you_didnt, since 2026-03-04T10:00:00.000Z",
        "pending: quiet, due at 2026-03-16T09:01:00.000Z",
        "setup_done: achieved at 2026-03-02T10:00:00.000Z, by e5",
        "not counted: feature_used (e7) at 2026-03-03T11:00:00.000Z: its properties do not",
        "hello (priority 1): it claims the entity, but no_you_didnt has a higher",
        "needs 1 more pricing_viewed with another session_id",
        "2026-03-16T09:01:00.000Z dropped_off quiet, episode 1",
    ):
        assert told in result.stdout


def test_records_that_changed_nothing_are_named(events: Path) -> None:
    """Late ones and rejected ones, with the reason."""
    stdout = explain(events).stdout

    assert "Changed nothing: logged_in (e8) at offset 7: late, for b2b-trial" in stdout
    assert "Changed nothing: logged_in (e9) at offset 8: future_timestamp, it occurred" in stdout


def test_an_earlier_moment_knows_nothing_of_what_came_later(events: Path) -> None:
    """Before the deadline the drop-off waits; after it, without any event, it is open."""
    before, at = (explain(events, "--json", "--at", f"2026-03-04T{time}Z") for time in ("09:59:59.999", "10:00:00"))

    (early,), (late,) = (json.loads(result.stdout)["journeys"] for result in (before, at))

    assert (decisions(early)["stalled"], decisions(late)["stalled"]) == ("pending", "open")
    assert (early["at"], early["next"][0]["at"]) == ("2026-03-04T09:59:59.999Z", "2026-03-04T10:00:00.000Z")
    assert early["dropoffs"][0]["deadline"] == "2026-03-04T10:00:00.000Z"


def test_what_is_personal_is_shown_to_those_who_ask_for_it(events: Path) -> None:
    """The attribute is marked so in the journey; the text hides it like the JSON."""
    for arguments in ([], ["--json"]):
        hidden, shown = explain(events, *arguments).stdout, explain(events, *arguments, "--show-pii").stdout
        assert "(pii)" in hidden
        assert "ann@corp.test" not in hidden
        assert "ann@corp.test" in shown


def test_what_cannot_be_known_is_not_made_up(events: Path) -> None:
    """A user whose first event is a login may be older than the log."""
    stdout = explain(events, entity="u3").stdout

    assert "This entity may be older than the log, which begins at 2026-01-01T00:00:00.000Z" in stdout
    assert "unknown less than 14d since signup" in stdout
    assert "nobody can know: signup may have come before the log begins" in stdout


def test_outside_the_population_nobody_is_in_anything(tmp_path: Path) -> None:
    """And it says so first."""
    path = tmp_path / "events.jsonl"
    lines = [line(1, "user_signed_up", "2026-03-02T09:00:00Z"), line(2, "setup_completed", "2026-03-02T09:10:00Z")]
    lines += [line(3, "profile_changed", "2026-03-02T10:00:00Z", properties={"email": "ann@acme.test"})]
    path.write_text("\n".join(lines))

    stdout = re.sub(r"[\s│├└─]+", " ", explain(path).stdout)

    assert "population: OUTSIDE" in stdout
    assert "hello (priority 1): it claims the entity, which is outside the population; left at" in stdout
    assert "stalled (setup_done to key_feature): the last instance was cancelled at 2026-03-02T10" in stdout


def test_events_come_from_standard_input_too() -> None:
    """As for `journeys replay`."""
    arguments = ["explain", "u1", "--journey", str(B2B), "--events", "-", "--at", "2026-03-02T09:30:00Z"]

    assert "in stage: hello" in run.invoke(app, arguments, input="\n".join(LINES)).stdout


@pytest.mark.parametrize(
    ("entity", "told"),
    [
        ("u9", "u9: there is no record of u9"),
        ("u2", "u2: no rule looks at any event of u2: there are only coffee_made"),
    ],
)
def test_an_unknown_entity_is_a_message_and_exit_code_1(events: Path, entity: str, told: str) -> None:
    """It says whether there are records at all."""
    result = explain(events, entity=entity)

    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


def test_before_its_first_record_an_entity_is_unknown(events: Path) -> None:
    """At that moment nobody had heard of it."""
    result = explain(events, "--at", "2026-03-02T08:59:59.999Z")

    assert result.exit_code == 1
    assert "there is no record of u1 by then" in result.stderr


def test_an_entity_whose_records_were_all_refused_is_told_so(tmp_path: Path) -> None:
    """With the last reason."""
    path = tmp_path / "events.jsonl"
    path.write_text(line(1, "logged_in", "2026-03-05T12:00:00Z", arrival_at="2026-03-03T12:30:00Z"))

    result = explain(path)

    assert result.exit_code == 1
    assert "no record of u1 was taken: the last was refused as future_timestamp" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "exactly one of"),
        (["--events", "x", "--state"], "exactly one of"),
        (["--events", "x", "--at", "tomorrow"], "write a timestamp with offset"),
        (["--state", "--at", "2026-03-04T10:00:00Z"], "take --topic"),
        (["--events", "nowhere.jsonl"], "No such file"),
    ],
)
def test_a_command_that_makes_no_sense_says_what_to_write(arguments: list[str], told: str) -> None:
    """With the exit code of usage errors."""
    result = run.invoke(
        app, ["explain", "u1", "--journey", str(B2B), *arguments], env={"TERM": "dumb", "COLUMNS": "200"}
    )

    assert result.exit_code == 2
    assert told in result.stderr
