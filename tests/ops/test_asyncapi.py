"""The AsyncAPI document is up to date, valid, and says of the topics what they are."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.codec.asyncapi import CHANNELS, generate_asyncapi
from streams.live.topics import CLEANUP, Found, TopicNames, wanted
from tests.ops.tools import ROOT, node, run

SCHEMAS = ROOT / "schemas"
DOCUMENT: dict[str, Any] = YAML(typ="safe", pure=True).load(generate_asyncapi())
CHECK = Path(sys.executable).with_name("check-jsonschema")

MISTAKES = (
    ("action: receive", "action: take"),
    ("#/channels/members/messages/member", "#/channels/members/messages/nobody"),
    ("./json/journal.schema.json", "./json/nothing.schema.json"),
    ("- compact", "- shrink"),
    ("type: integer", "type: whole number"),
)


def test_the_committed_document_is_up_to_date() -> None:
    """If this fails: `journeys schemas`, and look at the difference: others rely on this file."""
    assert (SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8") == generate_asyncapi()


@pytest.mark.timeout(300)  # the parser is fetched by the first test that needs it
def test_the_official_parser_finds_nothing_in_it() -> None:
    """Not even a hint; it follows every reference."""
    said = node("node", "asyncapi.mjs", SCHEMAS / "asyncapi.yaml")
    assert (said.returncode, said.stdout) == (0, ""), said.stderr


@pytest.mark.timeout(300)
def test_the_official_parser_would_find_a_mistake(tmp_path: Path) -> None:
    """Of the document, of a reference inside and outside, of a binding, of a schema."""
    shutil.copytree(SCHEMAS / "json", tmp_path / "json")
    text = generate_asyncapi()
    for number, (right, wrong) in enumerate(MISTAKES):
        assert right in text
        (tmp_path / f"{number}.yaml").write_text(text.replace(right, wrong))
    files = [tmp_path / f"{number}.yaml" for number in range(len(MISTAKES))]
    said = node("node", "asyncapi.mjs", *files)
    assert said.returncode == 1
    assert [file for file in files if f"{file} " in said.stdout] == files


def test_the_json_schemas_are_schemas() -> None:
    """By the metaschema that they name; the parser looks only at dialects that it knows."""
    said = run(CHECK, "--check-metaschema", *sorted((SCHEMAS / "json").iterdir()))
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("name", [message.name for channel in CHANNELS for message in channel.messages])
def test_every_example_fits_its_schema(tmp_path: Path, name: str) -> None:
    """Where there is one."""
    message = DOCUMENT["components"]["messages"][name]
    for number, example in enumerate(message.get("examples", ())):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(example["payload"]))
        said = run(CHECK, "--schemafile", SCHEMAS / message["payload"]["schema"]["$ref"], path)
        assert said.returncode == 0, said.stdout


def test_the_channels_are_the_topics_of_an_app_and_its_input() -> None:
    """With the cleanup and the other values that `journeys topics apply` gives them."""
    source = Found(4, 1, {CLEANUP: "delete", "retention.ms": "1000", "max.message.bytes": "2000"})
    topics = {want.name: want.exact for want in wanted(TopicNames("{app}"), source)}
    described = {
        channel["address"]: channel["bindings"]["kafka"]["topicConfiguration"]
        for channel in DOCUMENT["channels"].values()
        if "bindings" in channel
    }
    told = {name: config | {CLEANUP: config[CLEANUP][0]} for name, config in described.items()}
    assert {name: {key: str(value) for key, value in config.items()} for name, config in told.items()} == topics
    assert [c["address"] for c in DOCUMENT["channels"].values() if "bindings" not in c] == ["{input}"]


def test_consumers_are_told_to_read_committed() -> None:
    """In the introduction, and again at every topic that is theirs to read."""
    assert "read_committed" in DOCUMENT["info"]["description"]
    for channel in DOCUMENT["channels"].values():
        ours = channel["address"].startswith("{app}") and not channel.get("x-private")
        assert ("read_committed" in channel["description"]) == ours
