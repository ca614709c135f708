"""Warnings about the small journey, with other sections where a test says so."""

from __future__ import annotations

from datetime import date

from schemas.journey import Journey
from streams.engine.plan import Plan
from streams.language import Problem, compile_journey, lint, read_source
from tests.language.small import journey, text

TODAY = date(2026, 6, 30)


def warned(code: str, **sections: str | None) -> list[Problem]:
    """The warnings with this id about the small journey."""
    source = read_source(text(**sections), "small.yaml")
    return [warning for warning in lint(source, today=TODAY) if warning.code == code]


def paths(code: str, **sections: str | None) -> list[str]:
    """Where they are."""
    return [warning.path for warning in warned(code, **sections)]


def read(**sections: str | None) -> tuple[Journey, Plan]:
    """The small journey, and compiled."""
    given = journey(**sections)
    return given, compile_journey(given)
