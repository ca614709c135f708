"""The measurements: that their inputs are what they say, that wrong rows are found, and that figures add up."""

import math
import resource
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path

import feed
import job
import offline
import orjson
import peers
import pytest
import race
import report
import rounds
import synthetic
import trial
from usage import usage

from streams.codec.partition import partition_codec
from streams.partition.processor import Processor
from streams.replay.runner import OfflineRecord, replay

BENCH = Path(__file__).parents[2] / "ops" / "bench"
EARLY = "1970-01-01T00:00:00.999Z"
SECTION = report.Section(
    "How <fast>?",
    ["A note & more."],
    ["", "events/s"],
    [["ours", "3"]],
    [report.Chart("S", ".1f", [report.Bar("ours", [3.0])])],
)


# -- inputs ------------------------------------------------------------------------------------------------------------
def disordered(records: list[tuple[str, str]]) -> int:
    """Of (user, when it happened): how many come after a later one of their user."""
    newest: dict[str, str] = defaultdict(str)
    late = 0
    for user, at in records:
        late += at < newest[user]
        newest[user] = max(newest[user], at)
    return late


def test_the_trial_has_the_irrelevant_and_the_late_events_that_it_says() -> None:
    """80 % of all have names that no rule knows; 10 % of the others arrive after a later one of their user."""
    made = trial.make_trial(20_000, 500, 4)
    events = [orjson.loads(value) for partition in made.records for _, _, value in partition]
    relevant = [(e["user_id"], e["occurred_at"]) for e in events if e["type"] not in trial.IRRELEVANT]
    assert len(relevant) / len(events) == pytest.approx(0.2, abs=0.005)
    assert disordered(relevant) / len(relevant) == pytest.approx(0.1, abs=0.01)
    assert made == trial.make_trial(20_000, 500, 4)


def test_every_partition_of_the_trial_is_in_the_order_of_arrival_and_no_event_is_from_the_future() -> None:
    """A broker would have written it so; nothing happens after it has arrived."""
    for partition in trial.make_trial(5_000, 100, 3).records:
        arrivals = [at for at, _, _ in partition]
        assert arrivals == sorted(arrivals)
        assert all(job.ms_of(orjson.loads(value)["occurred_at"]) <= at for at, _, value in partition)


def test_every_rule_of_the_trial_publishes_something() -> None:
    """Otherwise its cost would not be measured."""
    made = trial.make_trial(40_000, 1_000, 2)
    published = {orjson.loads(value)["rule"] for values in race.offline(made, trial.JOURNEY) for value in values}
    assert published == set(rules(trial.JOURNEY))


def rules(journey: Path) -> list[str]:
    """Of milestones, segments and drop-offs."""
    return [code.rule for code in offline.compiled(journey).codes]


@pytest.mark.parametrize(("share", "of"), [("relevant", 0.3), ("hot", 0.4), ("late", 0.2)])
def test_a_mix_has_the_share_that_it_says(share: str, of: float) -> None:
    """Whatever grows, grows by what it is asked to."""
    mix = synthetic.Mix(**{"users": 2_000, share: of})  # type: ignore[arg-type]  # users is an int
    events = [orjson.loads(value) for _, (_, _, value) in synthetic.stream(mix, 4)]
    counted = {
        "relevant": sum(e["type"] != synthetic.IRRELEVANT for e in events),
        "hot": Counter(e["user_id"] for e in events).most_common(1)[0][1],
        "late": disordered([(e["user_id"], e["occurred_at"]) for e in events]),
    }
    assert counted[share] / mix.events == pytest.approx(of, abs=0.03)


def test_a_feed_gives_as_many_rows_as_its_reader_waits_for() -> None:
    """One that waited for more would wait for ever; each row tells when its event was sent."""
    events = feed.whole(1_000)
    machine = offline.compiled(job.JOURNEY)
    began = 1_767_225_600_000_000_000
    records = [
        OfflineRecord(n, (began + n * 1_000_000) // 1_000_000, *feed.event(n, 0, began + n * 1_000_000))
        for n in range(events)
    ]
    outcomes = replay(Processor(machine, partition_codec(machine)), records)
    ids = [orjson.loads(value)["evidence"]["event_ids"] for outcome in outcomes for _, value in outcome.transitions]
    assert len(ids) == feed.rows(events)
    assert all(began <= int(sent.partition("-")[0]) < began + events * 1_000_000 for (sent,) in ids)


# -- comparisons -------------------------------------------------------------------------------------------------------
def wrong(compare: race.Compare, values: race.Values) -> race.Differences:
    """Of an engine whose time is that of each partition."""
    return compare(values, math.inf)


def test_rows_that_are_missing_extra_or_doubled_are_found() -> None:
    """The reference job is compared by what identifies a row and its instant."""
    made = job.make_job(500, 50, 2)
    right = race.offline(made, job.JOURNEY)
    compare = partial(wrong, race.by_rows(made))
    assert compare(right) == (0, 0, 0)
    assert compare([right[0][1:], right[1]]) == (1, 0, 0)
    assert compare([[*right[0], right[0][0]], right[1]]) == (0, 1, 1)
    moved = right[0][0].replace(b'"effective_at":"2026', b'"effective_at":"2025')
    assert compare([[moved, *right[0][1:]], right[1]]) == (1, 1, 0)


def test_the_last_deadlines_may_be_missing_where_time_is_that_of_the_slowest_partition() -> None:
    """Only those, and only for an engine that says so."""
    made = job.Job(2, [[(1_000, b"a", b"{}")], [(2_000, b"b", b"{}")]])
    made.expected.update([("b", "dropped_off", "idle", 1_500), ("a", "dropped_off", "idle", 999)])
    assert made.slowest_ms == 999
    rows = [orjson.dumps({"entity_id": "a", "kind": "dropped_off", "rule": "idle", "effective_at": EARLY})]
    assert job.compare(made, [rows, []]) == (1, 0, 0)
    assert job.compare(made, [rows, []], made.slowest_ms) == (0, 0, 0)
    assert job.compare(made, [[], []], made.slowest_ms) == (1, 0, 0)


def test_records_that_differ_in_bytes_or_in_order_are_found() -> None:
    """The trial is compared with its replay."""
    compare = partial(wrong, race.by_bytes([[b"a", b"b"], [b"c"]]))
    assert compare([[b"a", b"b"], [b"c"]]) == (0, 0, 0)
    assert compare([[b"a", b"b"], []]) == (1, 0, 0)
    assert compare([[b"a", b"b"], [b"c", b"c"]]) == (0, 1, 0)
    assert compare([[b"b", b"a"], [b"c"]]) == (1, 0, 0)


# -- figures -----------------------------------------------------------------------------------------------------------
def test_ratios_are_of_the_same_round() -> None:
    """A machine that is slow for a whole round makes nobody better."""
    slow, fast = race.Limit(race.Result(4.0, 1.0, 1.0), 1.0), race.Limit(race.Result(1.0, 1.0, 1.0), 1.0)
    done = [
        rounds.Round(slow, {"journeys-1": race.Result(8.0, 2.0, 90.0), "quix": race.Result(24.0, 1.0, 1.0)}),
        rounds.Round(fast, {"journeys-1": race.Result(2.0, 2.0, 80.0), "quix": race.Result(6.0, 1.0, 1.0)}),
    ]
    section = rounds.section("A job", 1_000, 10, {"journeys-1": "journeys", "quix": "Quix"}, done)
    ours = dict(zip(section.columns, next(row for row in section.rows if row[0] == "journeys"), strict=True))
    assert ours["of the limit"] == "0.500 (0.500 to 0.500)"
    assert ours["events/s"] == "312 (125 to 500)"
    assert ours["CPU µs/event"] == "2000.0 (2000.0 to 2000.0)"
    assert "3.00 (3.00 to 3.00) times as fast" in section.notes[1]


def test_a_process_is_told_what_it_has_spent() -> None:
    """By the same account as the kernel's own summary of a finished child."""
    script = "import sys; sum(i * i for i in range(3_000_000)); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = usage([child.pid])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert told.cpu_s == pytest.approx(spent, abs=0.1)
    assert 5 < told.peak_mb < 200


def test_the_page_shows_what_every_command_measured_last(tmp_path: Path) -> None:
    """Each keeps its own file; whoever measures again replaces only that."""
    report.publish("run", [SECTION], tmp_path)
    report.publish("latency", [report.Section("Slow?", [], ["", "ms"], [["p99", "12345"]])], tmp_path)
    report.publish("latency", [report.Section("Slow?", [], ["", "ms"], [["p99", "67890"]])], tmp_path)
    for name in ("index.html", "report.md"):
        text = (tmp_path / name).read_text()
        assert "67890" in text
        assert "12345" not in text
        assert "ours" in text


def test_a_chart_is_well_formed_and_as_long_as_its_medians() -> None:
    """Labels are escaped; the longest spread ends within the picture."""
    chart = report.Chart("a < b", ",.0f", [report.Bar("x & y", [10.0, 20.0, 60.0]), report.Bar("z", [40.0])])
    drawn = ET.fromstring(report.svg(chart).partition("\n")[2])  # noqa: S314  # made a line above
    widths = [float(bar.attrib["width"]) for bar in drawn.iter("rect")]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    assert [text.text for text in drawn.iter("text")] == ["x & y", "20 (10 to 60)", "z", "40"]
    assert all(float(line.attrib["x2"]) < report.WIDTH for line in drawn.iter("line"))


def test_every_peer_has_its_own_name_and_a_job_in_the_tree() -> None:
    """A contender is chosen by its name."""
    assert len({peer.name for peer in peers.PEERS}) == len(peers.PEERS)
    assert all(any(peer.folder.rglob("*ob.*")) for peer in peers.PEERS)


# -- the whole thing ---------------------------------------------------------------------------------------------------
@pytest.mark.timeout(400)
def test_a_small_run_measures_and_checks_both_jobs(tmp_path: Path) -> None:
    """One worker and the limit, on a real broker; wrong rows would end it."""
    options = ["--events", "20000", "--users", "2000", "--partitions", "2", "--rounds", "1", "--workers", "1"]
    command = [sys.executable, str(BENCH / "run"), *options, "--peers", "--report", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| journeys, 1 process |") == 2
    assert (tmp_path / "index.html").read_text().count("<svg") == 10
