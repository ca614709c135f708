"""A machine -> the document that the native engine is made of: programs as trees, constant texts of records.

Does not know: what is done with it.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

import msgspec

from streams.codec import member, transition
from streams.codec.careful import Fields
from streams.core.lowering import lower
from streams.engine.machine import Code, Machine
from streams.engine.program import Program

KINDS = ("segment", "milestone", "dropped")  # of places, in the order in which a member record lists them


def code_of(code: Code) -> dict[str, Any]:
    """A kind of row: what decides its cause, and what its records have in common."""
    return {
        "journey": code.journey,
        "kind": code.kind,
        "timed": code.kind == "achieved" and code.plan.first_anchor is not None,
        **transition.parts(code)._asdict(),
    }


def member_of(program: Program) -> dict[str, Any]:
    """What member records of a journey have in common."""
    parts = member.parts(program)
    groups = list(parts.groups)
    places = [
        (KINDS.index(kind), name, None if group is None else groups.index(group)) for kind, name, group in parts.names
    ]
    return {"prefix": parts.prefix.decode(), "head": parts.head, "groups": groups, "places": places}


@lru_cache(maxsize=64)
def lowered(machine: Machine) -> list[Any]:
    """Its programs as trees. Raises `lowering.Unsupported`."""
    return [lower(program) for program in machine.programs]


@lru_cache(maxsize=64)
def document(machine: Machine, fields: Fields | None, *, future_skew_ms: int, arrival_is_occurred: bool) -> bytes:
    """JSON, see `src/plan.rs`. fields: of the plain envelope, None if records come in another one.

    Raises `lowering.Unsupported`.
    """
    handlers = [list(p.handlers.values()) for p in machine.programs]
    kinds = [
        {"targets": [(t.journey, handlers[t.journey].index(t.handler)) for t in kind.targets], "reads": kind.reads}
        for kind in machine.kinds
    ]
    return msgspec.json.encode(
        {
            "programs": lowered(machine),
            "kinds": kinds,
            "routes": {name: kind.index for name, kind in machine.routes.items()},
            "codes": [code_of(code) for code in machine.codes],
            "members": [member_of(program) for program in machine.programs],
            "lateness_ms": machine.lateness_ms,
            "events_kept": machine.limits.events_kept,
            "state_bytes": machine.limits.state_bytes,
            "future_skew_ms": future_skew_ms,
            "arrival_is_occurred": arrival_is_occurred,
            "names": None if fields is None else asdict(fields),
        }
    )
