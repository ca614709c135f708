"""What Prometheus is given is valid, asks only for what workers have, and fires when it should."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streams.engine.machine import Machine
from streams.language import compile_journey, load_journey
from streams.live.metrics import Metrics
from tests.ops.catalogue import FAMILIES, faults
from tests.ops.tools import PROMETHEUS, ROOT, prometheus, run

JOURNEY = ROOT / "ops" / "journeys" / "b2b-trial.yaml"
RULES = PROMETHEUS / "rules.yml"


@pytest.mark.parametrize("name", ["prometheus.yml", "demo.yml"])
def test_the_configurations_and_the_rules_are_valid(name: str) -> None:
    """To promtool, with all its lints; both configurations name the rules."""
    said = run(prometheus() / "promtool", "check", "config", "--lint=all", "--lint-fatal", PROMETHEUS / name)
    assert said.returncode == 0, said.stderr + said.stdout
    assert "1 rule files found" in said.stdout


def test_every_alert_fires_at_what_it_is_for_and_a_healthy_app_is_quiet(tmp_path: Path) -> None:
    """Tables of series and of what must come out: tests/ops/rules.yml."""
    tables = tmp_path / "tables.yml"
    tables.write_text(Path(__file__).with_name("rules.yml").read_text().replace("RULES", str(RULES)))
    said = run(prometheus() / "promtool", "test", "rules", tables)
    assert said.returncode == 0, said.stderr + said.stdout


def test_every_alert_is_in_the_tables_and_says_what_to_do_next() -> None:
    """One that nobody has seen firing is worth nothing."""
    tables = Path(__file__).with_name("rules.yml").read_text()
    rules = [rule for group in YAML(typ="safe", pure=True).load(RULES)["groups"] for rule in group["rules"]]
    for rule in rules:
        assert rule.get("alert", rule.get("record")) in tables
        assert set(rule.get("annotations", ("summary", "next"))) == {"summary", "next"}


def test_every_rule_asks_for_what_workers_have() -> None:
    """Metrics, labels and values of the catalogue."""
    rules = [rule for group in YAML(typ="safe", pure=True).load(RULES)["groups"] for rule in group["rules"]]
    assert [fault for rule in rules for fault in faults(rule["expr"])] == []


def test_the_catalogue_is_that_of_a_worker() -> None:
    """Whatever a worker shows at its start is in it, with the same labels."""
    metrics = Metrics(Machine([compile_journey(load_journey(JOURNEY))]), "product.events", "0" * 32)
    for family in metrics.registry.collect():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == FAMILIES[family.name], sample
