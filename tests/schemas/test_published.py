"""The committed JSON Schemas are those of the models, and the models are those of the specification."""

import json
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import ValidationError

from schemas.event import EXAMPLE as EVENT
from schemas.event import Event
from schemas.journal import ClockRecord
from schemas.rejection import MEANINGS, Reason, Rejection
from schemas.transition import EXAMPLE as TRANSITION
from schemas.transition import Transition
from streams.cli.schemas import schemas
from streams.codec.asyncapi import generate_asyncapi
from streams.codec.envelope import Fields, make_decode
from streams.codec.json_schema import generate
from streams.partition import records
from tests.codec.payloads import Written

COMMITTED = Path(__file__).parents[2] / "schemas" / "json"
ORDER = [
    "transition_id",
    "revision",
    "retracted",
    "journey",
    "version",
    "entity_type",
    "entity_id",
    "account_id",
    "rule",
    "rule_type",
    "kind",
    "episode",
    "from",
    "to",
    "edge",
    "effective_at",
    "decided_at",
    "cause",
    "evidence",
    "last_reached",
    "missing",
    "seconds_in_previous",
    "cohort",
    "complete",
    "also_matched",
]


def test_the_committed_schemas_are_up_to_date() -> None:
    """If this fails: `journeys schemas`, and look at the difference: others rely on these files."""
    assert {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()} == generate()


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Into a folder that it makes, saying which files."""
    schemas(tmp_path / "new" / "folder")
    written = tmp_path / "new" / "folder"
    assert {path.name: path.read_text(encoding="utf-8") for path in (written / "json").iterdir()} == generate()
    assert (written / "asyncapi.yaml").read_text(encoding="utf-8") == generate_asyncapi()
    said = capsys.readouterr().out.splitlines()
    assert said == [str(written / "json" / name) for name in generate()] + [str(written / "asyncapi.yaml")]


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what to do."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(typer.Exit) as stopped:
        schemas(tmp_path / "file")
    assert stopped.value.exit_code == 2
    assert "--out" in capsys.readouterr().err


def test_a_transition_has_the_members_of_the_specification_in_their_order() -> None:
    """In JSON, where one of them has a name that Python reserves."""
    written = Transition.model_validate_json(json.dumps(TRANSITION)).model_dump_json()
    assert list(json.loads(written)) == ORDER
    assert written == json.dumps(TRANSITION, separators=(",", ":"))


@pytest.mark.parametrize(
    "change", [{"kind": "left"}, {"cause": "whim"}, {"episode": 0}, {"effective_at": "now"}, {"to": 1}]
)
def test_a_transition_is_of_closed_types(change: dict[str, object]) -> None:
    """What is not in the specification is refused."""
    with pytest.raises(ValidationError):
        Transition.model_validate_json(json.dumps(TRANSITION | change))


def test_the_example_of_an_event_is_one() -> None:
    """For the model and for the worker."""
    assert Event.model_validate(EVENT).user_id == "u1"
    assert isinstance(make_decode(Fields())(Written(json.dumps(EVENT).encode())), records.Event)


def test_every_reason_has_a_meaning() -> None:
    """In the order of the closed set."""
    assert tuple(MEANINGS) == get_args(Reason)


def test_models_are_frozen() -> None:
    """What crosses a boundary is not changed on the way."""
    with pytest.raises(ValidationError):
        ClockRecord(before=1, clock=2).clock = 3  # type: ignore[misc]
    headers = {"reason": "not_json", "topic": "t", "partition": "3", "offset": "4", "timestamp": "5"}
    rejection = Rejection.model_validate({f"journeys-{name}": value for name, value in headers.items()})
    assert rejection.partition == 3
