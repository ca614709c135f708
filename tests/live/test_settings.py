"""Settings: where each value comes from, and what is said about those that are wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from streams.codec.formats import FIELDS, Format
from streams.engine.machine import Limits as EngineLimits
from streams.live.errors import Misconfigured
from streams.live.sections import parse_duration, show_duration
from streams.live.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without settings, and the two settings without which there are none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOURNEYS_KAFKA__BOOTSTRAP_SERVERS", "one:9092, two:9092")
    monkeypatch.setenv("JOURNEYS_SOURCE__TOPIC", "product.events")


def problems() -> list[str]:
    """What loading them says."""
    with pytest.raises(Misconfigured) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_two_variables_are_a_complete_command() -> None:
    """Everything else has a default."""
    settings = load_settings((Path("trial.yaml"),))
    assert settings.kafka.bootstrap_servers == ("one:9092", "two:9092")
    assert (settings.app, settings.source.topic) == ("journeys", "product.events")
    assert settings.journeys == (Path("trial.yaml"),)
    assert (settings.clock.ticks, settings.clock.margin_ms, settings.batch.linger_ms) == (True, 1_000, 10)


def test_the_environment_overrides_the_file_key_by_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A section in both is merged."""
    (tmp_path / "journeys.yaml").write_text(
        "app: shop\njourneys: [a.yaml]\nsource: {topic: other, future_skew: 1m}\nclock: {margin: 2s}\n"
    )
    monkeypatch.setenv("JOURNEYS_CLOCK__TICKS", "false")
    settings = load_settings((Path("b.yaml"),))
    assert settings.app == "shop"
    assert settings.journeys == (Path("a.yaml"), Path("b.yaml"))
    assert (settings.source.topic, settings.source.future_skew_ms) == ("product.events", 60_000)
    assert (settings.clock.ticks, settings.clock.margin_ms) == (False, 2_000)


def test_another_file_can_be_named_and_must_then_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """JOURNEYS_CONFIG is no setting."""
    monkeypatch.setenv("JOURNEYS_CONFIG", str(tmp_path / "mine.yaml"))
    assert "cannot be read" in problems()[0]
    (tmp_path / "mine.yaml").write_text("app: mine")
    assert load_settings().app == "mine"


@pytest.mark.parametrize(("text", "what"), [("app: [", "is not YAML"), ("- app", "must hold keys and values")])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, what: str) -> None:
    """With its name."""
    (tmp_path / "journeys.yaml").write_text(text)
    assert what in problems()[0]
    assert "journeys.yaml" in problems()[0]


def test_every_problem_is_told_at_once_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown keys, missing ones and wrong values, and the variable that each of them is."""
    monkeypatch.delenv("JOURNEYS_SOURCE__TOPIC")
    monkeypatch.setenv("JOURNEYS_KAFKA__SESION_TIMEOUT", "10s")
    monkeypatch.setenv("JOURNEYS_JOURNEY", "a.yaml")
    monkeypatch.setenv("JOURNEYS_CLOCK__MARGIN", "3")
    said = "\n".join(problems())
    assert "source.topic: missing; set JOURNEYS_SOURCE__TOPIC" in said
    assert "(JOURNEYS_KAFKA__SESION_TIMEOUT): unknown key; did you mean kafka.session_timeout?" in said
    assert "journey (JOURNEYS_JOURNEY): unknown key; did you mean journeys?" in said
    assert "clock.margin (JOURNEYS_CLOCK__MARGIN): a duration is a whole number with its unit" in said


def test_a_secret_may_be_a_file_and_is_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither in the start-up line nor in an error."""
    (tmp_path / "password").write_text("open sesame\n")
    monkeypatch.setenv("JOURNEYS_KAFKA__SASL_PLAIN_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("JOURNEYS_KAFKA__SASL_PLAIN_USERNAME", "ali")
    monkeypatch.setenv("JOURNEYS_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    settings = load_settings()
    password = settings.kafka.sasl_plain_password
    assert password is not None
    assert password.get_secret_value() == "open sesame"
    assert "sesame" not in f"{settings!r} {settings.show()}"
    monkeypatch.setenv("JOURNEYS_KAFKA__SASL_PLAIN_PASSWORD_FILE", str(tmp_path / "nowhere"))
    assert "JOURNEYS_KAFKA__SASL_PLAIN_PASSWORD_FILE names a file that cannot be read" in problems()[0]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512", "OAUTHBEARER"])
def test_a_protocol_without_what_it_needs_is_refused(monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    """Nothing falls back to less than was asked for."""
    monkeypatch.setenv("JOURNEYS_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("JOURNEYS_KAFKA__SASL_MECHANISM", mechanism)
    assert f"{mechanism} needs kafka.sasl_" in problems()[0]


def test_a_section_cannot_be_a_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two variables that contradict each other."""
    monkeypatch.setenv("JOURNEYS_SOURCE", "product.events")
    assert problems() == ["settings: JOURNEYS_SOURCE__TOPIC and JOURNEYS_SOURCE contradict"]


def test_field_names_must_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise one member would be two."""
    monkeypatch.setenv("JOURNEYS_SOURCE__FIELDS__ID", "type")
    assert "six different names" in problems()[0]
    monkeypatch.setenv("JOURNEYS_SOURCE__FIELDS__ID", "event_id")
    assert load_settings().source.names().id == "event_id"


@pytest.mark.parametrize("form", FIELDS)
def test_a_format_brings_its_names_and_each_can_be_another(monkeypatch: pytest.MonkeyPatch, form: Format) -> None:
    """Those that are not set stay."""
    monkeypatch.setenv("JOURNEYS_SOURCE__FORMAT", form)
    assert load_settings().source.names() == FIELDS[form]
    monkeypatch.setenv("JOURNEYS_SOURCE__FIELDS__ENTITY_ID", "customer")
    assert load_settings().source.names() == replace(FIELDS[form], entity_id="customer")
    monkeypatch.setenv("JOURNEYS_SOURCE__FORMAT", "avro")
    assert "source.format (JOURNEYS_SOURCE__FORMAT): Input should be 'plain', 'cloudevents'" in problems()[0]


def test_limits_are_those_of_the_engine_unless_others_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state must fit into a record."""
    assert load_settings().limits.of_engine() == EngineLimits()
    monkeypatch.setenv("JOURNEYS_LIMITS__EVENTS_KEPT", "1000")
    assert load_settings().limits.of_engine() == EngineLimits(1_000, 512 * 1024)
    monkeypatch.setenv("JOURNEYS_LIMITS__STATE_BYTES", "2000000")
    assert "limits.state_bytes (JOURNEYS_LIMITS__STATE_BYTES): Input should be less than" in problems()[0]


def test_a_command_may_name_another_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the section stays, and the topic need not be set then."""
    monkeypatch.delenv("JOURNEYS_SOURCE__TOPIC")
    monkeypatch.setenv("JOURNEYS_SOURCE__FUTURE_SKEW", "1m")
    source = load_settings(topic="archive").source
    assert (source.topic, source.future_skew_ms) == ("archive", 60_000)


def test_settings_are_shown_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations with their unit, nothing that is not set."""
    monkeypatch.setenv("JOURNEYS_KAFKA__SESSION_TIMEOUT", "90s")
    shown = load_settings().show()
    assert shown["kafka"]["session_timeout"] == "90s"
    assert shown["clock"] == {"ticks": True, "margin": "1s"}
    assert "instance_id" not in shown["kafka"]


@pytest.mark.parametrize("text", ["500ms", "30s", "15m", "24h", "14d", "1500ms", "0ms"])
def test_a_duration_reads_as_it_is_shown(text: str) -> None:
    """In its largest unit; 0 has none."""
    value = parse_duration(text)
    assert isinstance(value, int)
    assert parse_duration(show_duration(value)) == value


def test_settings_do_not_change() -> None:
    """They are parsed once."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings().app = "other"  # type: ignore[misc]
    assert Settings.model_config["frozen"]
