"""The dashboard is up to date, one that Grafana reads, and asks only for what workers have."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.language import load_journey
from tests.ops import dashboard
from tests.ops.catalogue import faults
from tests.ops.tools import NODE, ROOT, node, prometheus, run

COMMITTED = dashboard.FOLDER / "dashboards" / "journeys.json"
DASHBOARD: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
TARGETS = [target for panel in PANELS for target in panel.get("targets", ())]
JOURNEYS = sorted([*ROOT.glob("ops/journeys/*.yaml"), *ROOT.glob("ops/journeys/cases/journeys/*.yaml")])
TSC = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022")


def test_the_committed_dashboard_is_up_to_date() -> None:
    """If this fails: ops/grafana/make > ops/grafana/dashboards/journeys.json, and look at the difference."""
    assert COMMITTED.read_text(encoding="utf-8") == dashboard.load().dashboard()


@pytest.mark.timeout(300)  # the types are fetched by the first test that needs Node
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("", ""),
        ('"displayMode": "basic"', '"displayMode": "fancy"'),
        ('"gridPos"', '"gridpos"'),
        ('"type": "stat"', '"type": "statistics"'),
    ],
    ids=["as it is", "a wrong value", "a wrong member", "a wrong type"],
)
def test_it_has_the_types_that_grafana_publishes(tmp_path: Path, right: str, wrong: str) -> None:
    """And a compiler that would find a mistake."""
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    literal = COMMITTED.read_text(encoding="utf-8").replace(right, wrong)
    program = tmp_path / "dashboard.ts"
    program.write_text(f"{(NODE / 'dashboard.ts').read_text()}export const dashboard: Checked = {literal};")
    said = node(NODE / "node_modules" / ".bin" / "tsc", *TSC, program)
    assert (said.returncode == 0) == (right == wrong), said.stdout


def test_no_two_panels_overlap_and_none_leaves_the_grid() -> None:
    """24 columns."""
    places = [panel["gridPos"] for panel in PANELS]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for a, b in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (a, b)


def test_everything_has_its_own_number_and_asks_the_provisioned_source() -> None:
    """By the uid of ops/grafana/provisioning."""
    (source,) = YAML(typ="safe", pure=True).load(dashboard.FOLDER / "provisioning/datasources/prometheus.yml")[
        "datasources"
    ]
    wanted = {"type": source["type"], "uid": source["uid"]}
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel["datasource"] == wanted for panel in PANELS if panel["type"] != "row")
    assert all(target["datasource"] == wanted for target in TARGETS)
    for panel in PANELS:
        names = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(names)) == len(names)


def test_the_helper_gives_every_query_of_the_dashboard() -> None:
    """For those who run them all."""
    assert dashboard.queries() == [target["expr"] for target in TARGETS]


@pytest.mark.parametrize("file", JOURNEYS, ids=lambda path: path.name)
def test_every_query_asks_for_what_workers_have(file: Path) -> None:
    """Metrics, labels and values of the catalogue, for any journey."""
    assert [fault for query in dashboard.queries(file) for fault in faults(query)] == []


def test_what_a_query_may_not_name_would_be_found() -> None:
    """A metric, a label of it, a value of a closed set."""
    assert list(faults("sum(journey_memberz)")) == ["no metric journey_memberz"]
    assert list(faults('journey_members{kind="entered"}')) == ["journey_members has no label kind"]
    assert list(faults('journey_events_total{result="odd"}')) == ["result is never odd"]
    assert list(faults("sum by (reason) (journey_members)")) == ["nothing has a label reason"]


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    """Each as a rule of its own."""
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(dashboard.queries())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    said = run(prometheus() / "promtool", "check", "rules", "--lint=none", tmp_path / "rules.yml")
    assert said.returncode == 0, said.stderr + said.stdout


def test_funnel_stages_and_edges_are_those_of_the_journey() -> None:
    """The path in its order, all segments, every edge by its milestones."""
    journey = load_journey(dashboard.load().JOURNEY)
    titles = {panel["title"]: panel for panel in PANELS}
    funnel = [target["legendFormat"] for target in titles["Reached, of everybody"]["targets"]]
    assert funnel == [f"{n} {name}" for n, name in enumerate(journey.path, 1)]
    members = " ".join(target["expr"] for target in TARGETS if "journey_members" in target["expr"])
    assert all(name in members for name in journey.segments)
    mappings = titles["Edges"]["fieldConfig"]["overrides"][0]["properties"][0]["value"][0]["options"]
    edges = {name: dropoff.edge for name, dropoff in journey.dropoffs.items() if dropoff.edge}
    assert {name: mapping["text"] for name, mapping in mappings.items()} == {
        name: f"{name}: {edge[0]} → {edge[1]}" for name, edge in edges.items()
    }
