"""Why an entity is or is not where it is: the verdicts of all rules with what they were decided by, as an Explanation.

Decides: what an explanation holds, what is hidden, which way a condition would have to change for its rule.
Does not know: where state and events come from (watch.py), how it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from schemas.journey import Journey
from streams.engine.interpret import Interpreter
from streams.engine.plan import Dropoff, Group, Milestone
from streams.engine.verdicts import AnchorFact, Claim, Phase
from streams.replay.chronicle import Change, Chronicle, Turn, Watcher
from streams.replay.evidence import Evidence
from streams.replay.explanation import (
    ChangeSaid,
    DropoffSaid,
    Explanation,
    GroupSaid,
    JourneySaid,
    MemberSaid,
    MilestoneSaid,
    PopulationSaid,
    RefusedSaid,
    TurnSaid,
)
from streams.replay.nodes import Nodes, optional
from streams.replay.watch import Known, Refused
from streams.replay.wording import moment

TURNS = 6  # of each drop-off that are told


def explain(known: Known, journeys: Mapping[str, Journey], *, show_pii: bool = False) -> Explanation:
    """What every journey of the machine decides about the entity. journeys: by name, those of the machine."""
    return Explanation(
        entity=known.name,
        clock=moment(known.clock),
        account=known.entity.account,
        events_known="all" if known.whole else "recent",
        refused=[refused_said(r) for r in known.refused],
        journeys=[
            explain_journey(known, j, journeys[plan.journey], show_pii=show_pii)
            for j, plan in enumerate(known.machine.plans)
        ],
    )


def explain_journey(known: Known, j: int, journey: Journey, *, show_pii: bool) -> JourneySaid:
    """What one journey decides."""
    plan, head = known.machine.plans[j], known.entity.heads[j]
    t = max(known.clock, head.at)
    if not head.at:
        return JourneySaid(journey=plan.journey, version=plan.version, at=moment(t), started=False)
    watcher, copies = Watcher(known.machine, j), known.machine.codec
    base = b"" if known.whole else known.entity.base
    past = Chronicle() if base is None else watcher.past(copies.base_heads(base)[j], known.events, t)
    ahead = watcher.future(copies.decode_heads(copies.pack(known.entity.heads))[j])
    nodes = Nodes(journey, Interpreter(plan, head, t), Evidence(known.machine, j, known.events), show_pii=show_pii)
    rules = Rules(nodes, past, journey)
    return JourneySaid(
        journey=plan.journey,
        version=plan.version,
        at=moment(t),
        started=True,
        complete=nodes.now.complete,
        history_from=None if plan.history_ms is None else moment(plan.history_ms),
        population=rules.population(),
        milestones=[rules.milestone(r) for r in plan.rules if isinstance(r, Milestone)],
        groups=[rules.group(r) for r in plan.rules if isinstance(r, Group)],
        dropoffs=[rules.dropoff(r) for r in plan.rules if isinstance(r, Dropoff)],
        next=[change_said(c) for c in ahead],
    )


def refused_said(r: Refused) -> RefusedSaid:
    """A record that changed nothing."""
    event = r.event
    if event is None:
        return RefusedSaid(offset=r.offset, reason=r.reason, detail=r.detail)
    return RefusedSaid(offset=r.offset, reason=r.reason, detail=r.detail, type=event.type, id=event.id)


def change_said(c: Change) -> ChangeSaid:
    """A transition to come."""
    return ChangeSaid(at=moment(c.at), kind=c.kind, rule=c.rule, episode=c.episode, other=c.other)


class Rules:
    """The rules of one journey as nouns."""

    def __init__(self, nodes: Nodes, past: Chronicle, journey: Journey) -> None:
        self.nodes, self.now, self.past, self.journey = nodes, nodes.now, past, journey

    def population(self) -> PopulationSaid:
        """Inside or outside."""
        inside, verdict = self.now.inside()
        return PopulationSaid(
            inside=inside, condition=None if verdict is None else self.nodes.node(verdict, want=not inside)
        )

    def events_of(self, rule: str, kind: str, at: int) -> list[str]:
        """The ids of the events of the step in which that became so."""
        change = self.past.changes.get((rule, kind))
        return list(change.event_ids) if change is not None and change.at == at else []

    def milestone(self, r: Milestone) -> MilestoneSaid:
        """Achieved, or what it waits for."""
        _, verdict = self.now.achieves(r)
        if verdict is not None:
            return MilestoneSaid(name=r.name, achieved_at=None, when=self.nodes.node(verdict, want=True))
        at, reason = self.now.slot(f"m_{r.name}"), self.past.reasons.get(r.name)
        when = None
        if reason is not None:
            then = Interpreter(self.now.plan, reason.state, reason.at)
            when = self.nodes.at(then).node(then.verdict(r.when), want=True)
        events = self.events_of(r.name, "achieved", at)
        return MilestoneSaid(name=r.name, achieved_at=moment(at), events=events, when=when)

    def group(self, r: Group) -> GroupSaid:
        """Its members, and who has the entity."""
        winner, since = self.now.winner(r), self.now.slot(f"prev_{r.slot}")
        return GroupSaid(
            group=r.slot.removeprefix("g_") if r.slot.startswith("g_") else None,
            member=winner,
            members=[self._member(claim, winner, since) for claim in self.now.claims(r)],
        )

    def _member(self, claim: Claim, winner: str | None, since: int) -> MemberSaid:
        name = claim.member.name
        left = self.past.changes.get((name, "exited"))
        if claim.inside:
            when = self.nodes.node(claim.when, want=claim.until is not None)
            events = self.events_of(name, "entered", since)
        else:
            when = self.nodes.node(claim.when, want=True)
            events = [] if left is None else list(left.event_ids)
        until = None if claim.until is None else self.nodes.node(claim.until, want=claim.inside)
        return MemberSaid(
            name=name,
            inside=claim.inside,
            claims=claim.holds,
            why=why_member(claim, winner),
            when=when,
            until=until,
            priority=self.journey.segments[name].priority,
            episode=self.now.slot(f"sep_{name}"),
            since=moment(since) if claim.inside else None,
            left_at=None if claim.inside or left is None else moment(left.at),
            events=events,
        )

    def _deadline(self, r: Dropoff, phase: Phase) -> int | None:
        """Of the instance; an open one's last transition was there."""
        slot = {"none": None, "pending": "dend", "open": "dprev"}[phase]
        return None if slot is None else int(self.now.slot(f"{slot}_{r.name}"))

    def dropoff(self, r: Dropoff) -> DropoffSaid:
        """The instance there is, or what has become of the last one."""
        phase, verdict, after = self.now.phase(r), self.now.expects(r), self.now.anchor(r.after)
        turns = newest_turns(self.past.turns.get(r.name, []))
        deadline = self._deadline(r, phase)
        return DropoffSaid(
            name=r.name,
            state=phase,
            why=why_dropoff(self.nodes.words.anchor(r.after), after, turns, phase),
            after=self.nodes.anchor(after),
            within_ms=r.within_ms,
            expects=self.nodes.words.whole(r.expect_pending),
            anchor_at=None if deadline is None else moment(deadline - r.within_ms),
            deadline=optional(deadline),
            since=optional(deadline) if phase == "open" else None,
            episode=self.now.slot(f"dep_{r.name}"),
            expect=None if verdict is None else self.nodes.node(verdict, want=True),
            only_if=None if r.only_if is None else self.nodes.node(self.now.verdict(r.only_if), want=True),
            edge=r.edge,
            history=[turn_said(turn) for turn in turns],
        )


def newest_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The last ones; of an instance that followed its anchor again and again only the last time."""
    outcomes = [turn.outcome for turn in turns]
    repeated = [pair == ("followed", "followed") for pair in pairwise(outcomes)]
    return [turn for turn, again in zip(turns, [*repeated, False], strict=False) if not again][-TURNS:]


def turn_said(turn: Turn) -> TurnSaid:
    """What happened to an instance."""
    return TurnSaid(
        at=moment(turn.at),
        what=turn.outcome,
        anchor_at=moment(turn.anchor_at),
        deadline=moment(turn.deadline),
        why=turn.why or None,
        events=list(turn.event_ids),
    )


def why_member(claim: Claim, winner: str | None) -> str:
    """The place of a member in one sentence."""
    if claim.inside:
        return "the entity is in it"
    if claim.holds and winner is None:
        return "it claims the entity, which is outside the population"
    if claim.holds:
        return f"it claims the entity, but {winner} has a higher priority"
    return "it does not claim the entity"


def why_dropoff(anchor: str, after: AnchorFact, turns: Sequence[Turn], phase: Phase) -> str:
    """The state of a drop-off in one sentence."""
    match phase:
        case "pending":
            return "an instance waits for its deadline"
        case "open":
            return "the deadline passed, and nothing has ended it since"
    if turns:
        last = turns[-1]
        why = f": {last.why}" if last.why else ""
        what = {
            "met": "was met",
            "met_at_once": "was met at once",
            "cancelled": "was cancelled",
            "recovered": "dropped off and recovered",
            "withdrawn": "dropped off and was withdrawn",
        }.get(last.outcome, "was not armed")
        return f"the last instance {what} at {moment(last.at)}{why}"
    if after.at is None:
        return f"{anchor} {'is not set' if after.anchor.is_date else 'has not happened'}"
    return "what ended the last instance is older than the events at hand"
