"""What a journey file could say better: warnings with ids LN01 to LN17. language.md section 6.

A warning has the shape of a problem, its code is the id, and it refuses nothing: the file has been accepted whole. Each
lint is one function, whose docstring says what it is for (with the id in mission.md) and where its limits are.
Decides: which id belongs to which lint, how a finding becomes a warning.
Does not know: the date, how much a journey may cost; whoever asks says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from streams.language import lint_bands, lint_conditions, lint_never, lint_plans, lint_rules
from streams.language.compile import compile_journey
from streams.language.load import Source
from streams.language.places import Finding
from streams.language.problems import Problem

SERIES_BUDGET = 1_000  # per journey: a hundred of them in a small Prometheus, which keeps some 10^5 without effort


def lint(source: Source, *, today: date, budget: int = SERIES_BUDGET) -> list[Problem]:
    """Every warning, each once, in the order of the file. budget: the time series that the journey may make."""
    journey, plan = source.journey, compile_journey(source.journey)
    lints: Mapping[str, Iterable[Finding]] = {
        "LN01": lint_rules.number_of_segments(journey),
        "LN02": lint_plans.planless(journey),
        "LN03": lint_rules.labels(journey, plan),
        "LN04": lint_rules.idle_activation(journey, plan),
        "LN05": lint_plans.copied_motions(journey),
        "LN06": lint_plans.no_churn_indicator(journey),
        "LN07": lint_rules.meaningless_names(journey),
        "LN08": lint_bands.uneven_bands(journey),
        "LN09": lint_conditions.endless_repeats(journey),
        "LN10": lint_plans.overdue(journey, today),
        "LN11": lint_plans.unused_events(journey, plan),
        "LN12": lint_plans.over_budget(journey, budget),
        "LN13": lint_never.never_holding(journey, plan),
        "LN14": lint_rules.edgeless(journey),
        "LN15": lint_rules.activation(journey),
        "LN16": lint_conditions.unanchored_absences(journey),
        "LN17": lint_plans.no_history(journey),
    }
    return sorted({_warning(source, code, *finding) for code, findings in lints.items() for finding in findings})


def _warning(source: Source, code: str, path: str, message: str) -> Problem:
    """At that path or, if what the finding is about is missing, at the nearest place around it that is there."""
    while path not in source.lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return Problem(source.file, source.lines[path], path, message, code)
