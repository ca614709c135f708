"""What rounds of a race say: figures of everybody, ratios within a round, and how far ahead the best of us is.

Does not know: how anything was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from race import Limit, Result
from report import Bar, Chart, Section, spread

LIMIT = "limit"
OURS = "journeys-"  # begins the names of our contenders


class Round(NamedTuple):
    """What everybody did, by name of the contender."""

    limit: Limit
    done: dict[str, Result]

    @property
    def results(self) -> dict[str, Result]:
        """With the limit as one of them."""
        return {LIMIT: self.limit.result, **self.done}


class Measure(NamedTuple):
    """A figure of everybody. of: (result, round) -> value."""

    title: str
    form: str
    of: Callable[[Result, Round], float]


def measures(events: int) -> tuple[Measure, ...]:
    """The columns of the table, and the charts."""
    return (
        Measure("events/s", ",.0f", lambda result, _: events / result.seconds),
        Measure("of the limit", ".3f", lambda result, within: within.limit.result.seconds / result.seconds),
        Measure("CPU µs/event", ".1f", lambda result, _: 1e6 * result.cpu_s / events),
        Measure("CPU s", ".1f", lambda result, _: result.cpu_s),
        Measure("MB at most", ",.0f", lambda result, _: result.peak_mb),
    )


def section(title: str, events: int, rows: int, titles: Mapping[str, str], rounds: Sequence[Round]) -> Section:
    """titles: name -> title, of all contenders. rows: that each of them wrote."""
    everybody = {LIMIT: "limit: fetch and decode", **titles}
    values = {
        measure: {name: [measure.of(within.results[name], within) for within in rounds] for name in everybody}
        for measure in measures(events)
    }
    table = [
        [title, *(spread(of[name], measure.form) for measure, of in values.items())]
        for name, title in everybody.items()
    ]
    charts = [
        Chart(measure.title, measure.form, [Bar(title, of[name]) for name, title in everybody.items()])
        for measure, of in values.items()
    ]
    what = (
        f"{events:,} events, {rows:,} rows, none missing, extra or doubled in any round. "
        f"{len(rounds)} rounds: median (least to most). CPU and memory are those of the engine's own processes; the "
        "broker shares the machine."
    )
    return Section(title, [what, *ahead(titles, rounds)], ["", *(measure.title for measure in values)], table, charts)


def ahead(titles: Mapping[str, str], rounds: Sequence[Round]) -> list[str]:
    """The best of us beside the best of the others; nothing if one side is missing."""
    us = [name for name in titles if name.startswith(OURS)]
    them = [name for name in titles if not name.startswith(OURS)]
    if not us or not them:
        return []
    ratios = [
        min(within.done[name].seconds for name in them) / min(within.done[name].seconds for name in us)
        for within in rounds
    ]
    return [f"The best of ours against the best of the others, round by round: {spread(ratios, '.2f')} times as fast."]
