"""Lints of what stands around the rules: plans, the review date, the catalogue, metrics, the beginning of the log.

Does not know: what a condition means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from schemas.journey import Journey, Plan
from streams.engine.plan import Plan as Compiled
from streams.language.places import Finding

# Series that each rule makes (outputs.md section 4), every label set being there from the start.
# A milestone: 1 kind of transition, 1 reached, revisions, retractions, and a histogram of step durations: as many
# buckets as prometheus-client makes by default (15), its sum and its count.
SERIES_OF_MILESTONE = 1 + 1 + 2 + 15 + 2
SERIES_OF_SEGMENT = 2 + 1 + 2  # 2 kinds of transition, members, revisions, retractions
SERIES_OF_DROPOFF = 3 + 5 + 1 + 2  # 3 kinds of transition, 5 outcomes of instances, pending, revisions, retractions
SERIES_OF_JOURNEY = 2  # population, definition


def planless(journey: Journey) -> Iterator[Finding]:
    """LN02: a segment or drop-off that changes nothing is a label (H2, I10), and each says why it exists (I2).

    Its plan has a `why`, and a message or a motion that is not `none`; `message: none` is a choice too (H3).
    """
    for section, name in _planned(journey):
        plan = journey.plans.get(name)
        if plan is None:
            cure = f"write `{name}: {{why: ..., message: ...}}` under plans; a choice to stay silent is `message: none`"
            yield f"{section}.{name}", f"nobody has said what this is for; {cure}"
            continue
        if plan.why is None:
            yield f"plans.{name}", "this does not say why; write `why`: what these people need and what you do about it"
        if plan.message is None and not _motions(plan):
            message = (
                "nothing follows from this; write `message` (type, timing, channel) or `motions`, or `message: none`"
            )
            yield f"plans.{name}", message


def copied_motions(journey: Journey) -> Iterator[Finding]:
    """LN05: two plans with the same motions treat different people alike (H1, J2)."""
    first: dict[tuple[tuple[str, str], ...], str] = {}
    for name, plan in journey.plans.items():
        motions = tuple(_motions(plan).items())
        other = first.setdefault(motions, name)
        if motions and other != name:
            message = f"these are the motions of '{other}'; write what differs for these people, or join the two rules"
            yield f"plans.{name}.motions", message


def no_churn_indicator(journey: Journey) -> Iterator[Finding]:
    """LN06: what tells that these people are about to leave differs between segments (H1, J2).

    A drop-off is such a sign itself. A plan that says `message: none` and why has chosen to do nothing; `none` as the
    churn intervention is a choice too.
    """
    for name, plan in journey.plans.items():
        chosen = plan.message == "none" and plan.why is not None and not _motions(plan)
        silent = plan.motions is None or plan.motions.churn_intervention is None
        if name in journey.segments and silent and not chosen:
            message = "no sign of churn is named; write motions.churn_intervention: the sign to act on, or none"
            yield f"plans.{name}", message


def overdue(journey: Journey, today: date) -> Iterator[Finding]:
    """LN10: definitions are reviewed every quarter (I7). On the day itself there is still time."""
    if journey.review_by is not None and date.fromisoformat(journey.review_by) < today:
        message = "the review is overdue; look whether the rules still say what they should, and write the next date"
        yield "review_by", message


def unused_events(journey: Journey, plan: Compiled) -> Iterator[Finding]:
    """LN11: an event that leaves no trace in anything is instrumented in vain, or a rule has been forgotten (A7, A9).

    Used: a rule or an anchor in use names it, it sets an attribute that one reads, or it is marked `begins`.
    """
    for name, event in journey.events.items():
        if name not in plan.relevant and not event.begins:
            yield (
                f"events.{name}",
                f"no rule uses '{name}'; write the rule that should, or take it out of the catalogue",
            )


def over_budget(journey: Journey, budget: int) -> Iterator[Finding]:
    """LN12: every rule makes time series, and Prometheus pays for each (G9). budget: series for one journey."""
    counted: Mapping[str, int] = {
        "milestones": len(journey.milestones) * SERIES_OF_MILESTONE,
        "segments": len(journey.segments) * SERIES_OF_SEGMENT,
        "dropoffs": len(journey.dropoffs) * SERIES_OF_DROPOFF,
    }
    series = sum(counted.values()) + SERIES_OF_JOURNEY
    if series > budget:
        section = max(counted, key=lambda name: counted[name])
        message = f"{series} time series, {counted[section]} of them of these, but the budget of a journey is {budget}"
        yield section, f"{message}; leave out rules that nobody looks at, or make two journeys of it"


def no_history(journey: Journey) -> Iterator[Finding]:
    """LN17: without it, whoever is older than the log looks as if they had begun with it (language.md section 3)."""
    if journey.time.history_from is None:
        message = "entities older than the log look new; write under `time` when the log begins"
        yield "time", f"{message}, such as `history_from: 2026-01-31T00:00:00Z`"


def _planned(journey: Journey) -> Iterator[tuple[str, str]]:
    yield from (("segments", name) for name in journey.segments)
    yield from (("dropoffs", name) for name in journey.dropoffs)


def _motions(plan: Plan) -> dict[str, str]:
    """The motions that set something in motion."""
    said = {} if plan.motions is None else plan.motions.model_dump(exclude_none=True)
    return {key: motion for key, motion in said.items() if motion != "none"}
