"""The catalogue of metrics (outputs.md section 4), and how commits move them.

Rules
  - counted from committed transactions only;
  - every label set that can be known stands at 0 from the start, so that a rate is never missing its first step; labels
    never hold ids or names that events bring, so their number is fixed by the journeys;
  - gauges are sums over the partitions owned now: each lane says what its partition holds, and takes it back.
Does not know: what a transaction is, HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics

from schemas.rejection import Reason
from streams.engine.dropoff import OUTCOMES
from streams.engine.machine import Machine
from streams.engine.plan import Dropoff
from streams.partition.outcome import Outcome, Result

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
DAY_S = 86_400
LONG_SECONDS = (1, 10, 60, 300, 900, 3_600, 14_400, 43_200, *(DAY_S * days for days in (1, 2, 3, 7, 14, 30, 60, 90)))
DELAYS = 20  # records of a transaction whose delay is observed; all of them would cost more than decoding them
# They would be a second series beside every counter and histogram, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Committed(NamedTuple):
    """One transaction that is committed. now_ms: broker time. arrivals_ms: of some of its records, DELAYS at most."""

    partition: int
    outcome: Outcome
    steps: int
    batch_s: float
    commit_s: float
    now_ms: int
    arrivals_ms: Sequence[int]


class Held(NamedTuple):
    """What a partition holds now."""

    entities: int
    timers: int
    frozen: int


NOTHING = Held(0, 0, 0)


class Metrics:
    """One for a worker. definitions: the hash of the journey files. topic: the input."""

    def __init__(self, machine: Machine, topic: str, definitions: str) -> None:
        self.registry = registry = CollectorRegistry()
        self.machine, self.topic = machine, topic
        rule, outcome = ("journey", "rule"), ("journey", "rule", "outcome")

        def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        def histogram(
            name: str, text: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
        ) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        self.transitions = counter("journey_transitions", "First revisions of rows.", ("journey", "rule", "kind"))
        self.revisions = counter("journey_revisions", "Later revisions of rows.", rule)
        self.retractions = counter("journey_retractions", "Rows that were taken back.", rule)
        self.instances = counter("journey_dropoff_instances", "What became of instances of drop-offs.", outcome)
        self.events = counter("journey_events", "Records of the input.", ("topic", "result"))
        self.rejected = counter("journey_rejected", "Records that could not be read.", ("reason",))
        self.rebalances = counter("journey_rebalances", "Assignments of partitions.")
        self.pending = gauge("journey_dropoffs_pending", "Instances that wait for their deadline.", rule)
        self.members = gauge("journey_members", "Entities in a segment.", rule)
        self.reached = gauge("journey_milestone_reached", "Entities that have it.", ("journey", "milestone"))
        self.population = gauge("journey_population", "Entities in the population.", ("journey",))
        self.entities = gauge("journey_entities", "Entities that have a state.")
        self.frozen = gauge("journey_entities_frozen", "Entities of which a due step has raised; nothing moves them.")
        self.timers = gauge("journey_timers_pending", "Entities that wait for a due step.")
        self.owned = gauge("journey_partitions_owned", "Partitions that are open.")
        self.lag = gauge("journey_lag_records", "Records of the input that are not applied yet.", ("partition",))
        self.clock = gauge("journey_clock_timestamp_seconds", "The clock of a partition.", ("partition",))
        self.read_back = gauge("journey_restoring_entities", "Of partitions that are being opened: read back so far.")
        text = "From the first anchor of the journey until the milestone was achieved."
        self.durations = histogram("journey_step_duration_seconds", text, ("journey", "milestone"), LONG_SECONDS)
        self.delay = histogram("journey_event_delay_seconds", "From arrival to commit.")
        self.batch = histogram("journey_batch_seconds", "From the first record of a transaction to its commit.")
        self.commit = histogram("journey_commit_seconds", "How long a commit is on the wire.")
        self.timer_delay = histogram("journey_timer_delay_seconds", "From the clock of due steps to their commit.")
        self.restore = histogram("journey_restore_seconds", "How long it took to open a partition.")
        Info("journey_build", "This version.", registry=registry).info({"version": version("journeys")})
        info = Info("journey_definition", "The journeys of this worker.", ("journey", "version"), registry=registry)
        for plan in machine.plans:
            info.labels(plan.journey, str(plan.version)).info({"hash": definitions})
        self._at_zero()

    def _at_zero(self) -> None:
        """Every label set that can be known."""
        codes = self.machine.codes
        self._first = [self.transitions.labels(self.machine.names[c.journey], c.rule, c.kind) for c in codes]
        self._revised = [self.revisions.labels(self.machine.names[c.journey], c.rule) for c in codes]
        self._retracted = [self.retractions.labels(self.machine.names[c.journey], c.rule) for c in codes]
        self._durations = {
            i: self.durations.labels(c.plan.journey, c.rule)
            for i, c in enumerate(codes)
            if c.kind == "achieved" and c.plan.first_anchor is not None
        }
        self._instances = [
            self.instances.labels(plan.journey, rule.name, outcome)
            for plan in self.machine.plans
            for rule in plan.rules
            if isinstance(rule, Dropoff)
            for outcome in OUTCOMES
        ]
        self._results = {result: self.events.labels(self.topic, result) for result in get_args(Result)}
        self._reasons = {reason: self.rejected.labels(reason) for reason in get_args(Reason)}
        self._gauges = [self._gauge(journey, gauge.kind, gauge.rule) for journey, gauge in self.machine.gauges]
        self._held: dict[int, Held] = {}
        self._reading: dict[int, int] = {}
        self._sums: dict[int, Sequence[int]] = {}

    def _gauge(self, journey: str, kind: str, rule: str) -> Gauge:
        if kind == "population":
            return self.population.labels(journey)
        return {"milestone": self.reached, "segment": self.members, "pending": self.pending}[kind].labels(journey, rule)

    # -- what lanes say
    def restoring(self, partition: int, entities: int) -> None:
        """A partition is being opened, and so many of its states are there."""
        self._reading[partition] = entities
        self.read_back.set(sum(self._reading.values()))

    def opened(self, partition: int, held: Held, gauges: Sequence[int], seconds: float) -> None:
        """A partition is open, and this is in its state."""
        self._read(partition)
        self.restore.observe(seconds)
        self._hold(partition, held, gauges)

    def standing(self, partition: int, lag: int, clock_ms: int) -> None:
        """How far an open partition is."""
        self.lag.labels(str(partition)).set(lag)
        if clock_ms >= 0:
            self.clock.labels(str(partition)).set(clock_ms / 1_000)

    def closed(self, partition: int) -> None:
        """A partition is ours no more."""
        self._read(partition)
        self._hold(partition, None, ())
        for series in (self.lag, self.clock):
            series.remove(str(partition))

    def committed(self, done: Committed, held: Held) -> None:
        """A transaction is committed."""
        facts = done.outcome.facts
        for code, n in facts.transitions.items():
            self._first[code].inc(n)
        for code, n in facts.revisions.items():
            self._revised[code].inc(n)
        for code, n in facts.retractions.items():
            self._retracted[code].inc(n)
        for code, ms in facts.durations:
            self._durations[code].observe(ms / 1_000)
        for counter, n in zip(self._instances, facts.instances, strict=True):
            counter.inc(n)
        for result, n in facts.results.items():
            self._results[result].inc(n)
        for _, why in done.outcome.rejected:
            self._reasons[why.reason].inc()
        self._observe(done)
        self._hold(done.partition, held, done.outcome.position.gauges)

    def _observe(self, done: Committed) -> None:
        self.batch.observe(done.batch_s)
        self.commit.observe(done.commit_s)
        for arrival in done.arrivals_ms:
            self.delay.observe(max(0, done.now_ms - arrival) / 1_000)
        if done.steps:
            self.timer_delay.observe(max(0, done.now_ms - done.outcome.position.clock) / 1_000)

    def _read(self, partition: int) -> None:
        """It is being opened no more."""
        self._reading.pop(partition, None)
        self.read_back.set(sum(self._reading.values()))

    def _hold(self, partition: int, held: Held | None, gauges: Sequence[int]) -> None:
        """Replace what this partition adds to the sums."""
        for gauge, change in zip(self._gauges, difference(gauges, self._sums.pop(partition, ())), strict=False):
            if change:
                gauge.inc(change)
        before = self._held.pop(partition, None)
        if held is not None:
            self._held[partition], self._sums[partition] = held, gauges
        was, now = before or NOTHING, held or NOTHING
        self.entities.inc(now.entities - was.entities)
        self.timers.inc(now.timers - was.timers)
        self.frozen.inc(now.frozen - was.frozen)
        self.owned.set(len(self._held))


def difference(now: Iterable[int], before: Sequence[int]) -> list[int]:
    """Item by item; what is missing counts as 0."""
    now = list(now)
    size = max(len(now), len(before))
    padded = [*before, *[0] * (size - len(before))]
    return [a - b for a, b in zip([*now, *[0] * (size - len(now))], padded, strict=True)]
