"""A small journey, and an input of which every number that metrics tell was worked out by hand."""

from tests.kafka.live import App, Event, event

BEGIN_MS = 1_767_225_600_000
END_MS = BEGIN_MS + 20_000
HOUR_MS = 3_600_000

JOURNEY = """\
journey: trial
version: 2
entity: user
title: A trial
owner: tests
goal: {kpi: activation, direction: up}
time: {allowed_lateness: 1h}
events:
  signed_up: {begins: true}
  used: {}
  bought: {}
  left: {}
anchors:
  signup: {first: signed_up}
population: {not: {count: left}}
milestones:
  hello: {when: {count: signed_up}}
  onboarded: {activation: true, when: {count: used, at_least: 3}}
segments:
  trying: {when: {all: [{milestone: hello}, {not: {milestone: onboarded}}]}}
dropoffs:
  quiet: {after: signup, within: 10s, expect: {milestone: onboarded}, edge: [hello, onboarded]}
  idle: {after: {last: used}, within: 30s, expect: {count: bought}}
path: [hello, onboarded]
"""


def known() -> list[Event]:
    """Users, what they do and when, in seconds after BEGIN_MS; `noise` is an event that no journey knows.

    u1 is onboarded after 3 s. u2 drops off. u3 is still pending. u4 drops off, and is onboarded after 12 s. u5 leaves.
    """
    told = """
        u1 signed_up 0, u2 signed_up 0, u4 signed_up 0, u5 signed_up 0, u1 used 1, u4 used 1, u5 left 1, u1 used 2,
        u4 used 2, u1 used 3, u4 used 12, u2 noise 14, u4 noise 14, u3 signed_up 15"""
    parts = (some.split() for some in told.split(","))
    return [(user, kind, BEGIN_MS + int(second) * 1_000) for user, kind, second in parts]


async def write_known(app: App) -> None:
    """The known input, then an event of u4 that should have come at 5 s, and what is not applied."""
    await app.write(known())
    await app.send(b"u4", event("u4", "used", BEGIN_MS + 5_000), timestamp_ms=END_MS)
    await app.send(b"u1", event("u1", "signed_up", BEGIN_MS), timestamp_ms=END_MS)
    await app.send(b"u1", event("u1", "used", BEGIN_MS - HOUR_MS), timestamp_ms=END_MS)
    await app.send(b"u1", b"no JSON", timestamp_ms=END_MS)
    await app.send(b"u1", b"[]", timestamp_ms=END_MS)
    await app.send(b"u1", event("u2", "used", END_MS), timestamp_ms=END_MS)
    for partition in range(app.partitions):
        value = event("nobody", "noise", END_MS)
        await app.send(b"nobody", value, timestamp_ms=END_MS, partition=partition)


COUNTERS = {
    "journey_transitions_total{journey=trial,kind=achieved,rule=hello}": 5,
    "journey_transitions_total{journey=trial,kind=achieved,rule=onboarded}": 2,
    "journey_transitions_total{journey=trial,kind=entered,rule=trying}": 5,
    "journey_transitions_total{journey=trial,kind=exited,rule=trying}": 3,
    "journey_transitions_total{journey=trial,kind=dropped_off,rule=quiet}": 2,
    "journey_transitions_total{journey=trial,kind=recovered,rule=quiet}": 1,
    "journey_transitions_total{journey=trial,kind=withdrawn,rule=quiet}": 0,
    "journey_transitions_total{journey=trial,kind=dropped_off,rule=idle}": 0,
    "journey_revisions_total{journey=trial,rule=onboarded}": 1,
    "journey_revisions_total{journey=trial,rule=trying}": 1,
    "journey_revisions_total{journey=trial,rule=quiet}": 0,
    "journey_retractions_total{journey=trial,rule=quiet}": 2,
    "journey_retractions_total{journey=trial,rule=onboarded}": 0,
    # Of u1, u2, u3, u4 and u5; that of u4, which the late event makes one that was met, is counted a second time.
    "journey_dropoff_instances_total{journey=trial,outcome=armed,rule=quiet}": 6,
    "journey_dropoff_instances_total{journey=trial,outcome=met,rule=quiet}": 2,
    "journey_dropoff_instances_total{journey=trial,outcome=dropped,rule=quiet}": 2,
    "journey_dropoff_instances_total{journey=trial,outcome=cancelled,rule=quiet}": 1,
    "journey_dropoff_instances_total{journey=trial,outcome=followed,rule=quiet}": 0,
    # Of u1, twice more; of u4, three times more.
    "journey_dropoff_instances_total{journey=trial,outcome=armed,rule=idle}": 2,
    "journey_dropoff_instances_total{journey=trial,outcome=followed,rule=idle}": 5,
    "journey_step_duration_seconds_count{journey=trial,milestone=hello}": 5,
    "journey_step_duration_seconds_sum{journey=trial,milestone=hello}": 0,
    "journey_step_duration_seconds_count{journey=trial,milestone=onboarded}": 2,
    "journey_step_duration_seconds_sum{journey=trial,milestone=onboarded}": 3 + 12,
    "journey_events_total{result=applied,topic=%s}": 13,
    "journey_events_total{result=irrelevant,topic=%s}": 4,
    "journey_events_total{result=duplicate,topic=%s}": 1,
    "journey_events_total{result=late,topic=%s}": 1,
    "journey_events_total{result=rejected,topic=%s}": 3,
    "journey_rejected_total{reason=not_json}": 1,
    "journey_rejected_total{reason=not_an_object}": 1,
    "journey_rejected_total{reason=key_mismatch}": 1,
    "journey_rejected_total{reason=too_deep}": 0,
}
GAUGES = {
    "journey_population{journey=trial}": 4,
    "journey_members{journey=trial,rule=trying}": 2,
    "journey_milestone_reached{journey=trial,milestone=hello}": 5,
    "journey_milestone_reached{journey=trial,milestone=onboarded}": 2,
    "journey_dropoffs_pending{journey=trial,rule=quiet}": 1,
    "journey_dropoffs_pending{journey=trial,rule=idle}": 2,
    "journey_entities": 5,
    "journey_partitions_owned": 2,
    "journey_rebalances_total": 1,
    "journey_restore_seconds_count": 2,
    "journey_lag_records{partition=0}": 0,
    "journey_clock_timestamp_seconds{partition=0}": (END_MS - 1) / 1_000,
    "journey_clock_timestamp_seconds{partition=1}": (END_MS - 1) / 1_000,
}
