"""Which engine runs the partitions: the native one where it was built, else the plain one; or as somebody decides.

    native  `streams.core.processor`, in Rust: several times as fast. `make setup` builds it where cargo is
    python  `streams.partition.processor`: the same in Python, to be read and stepped through
    auto    native where it was built, and for journeys that it can run
Does not know: what an engine does.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from streams.codec.envelope import PlainReader
from streams.core.lowering import Unsupported
from streams.core.plan import lowered
from streams.engine.machine import Machine
from streams.partition.engine import PartitionEngine
from streams.partition.outcome import Codec
from streams.partition.processor import Processor

Engine = Literal["auto", "native", "python"]
NOT_BUILT = "the native engine is not built here: run `make setup` where cargo is, or set auto"


class CannotRun(Exception):
    """The native engine is wanted, and not there or not able."""


def chosen(engine: Engine, machine: Machine) -> Literal["native", "python"]:
    """The engine that this is here, for these journeys. Raises CannotRun."""
    if engine == "python":
        return engine
    why = NOT_BUILT
    if find_spec("streams.core.native") is not None:
        try:
            lowered(machine)
        except Unsupported as error:
            why = str(error)
        else:
            return "native"
    if engine == "auto":
        return "python"
    raise CannotRun(f"engine: native is set, but {why}")


def make_processor(
    machine: Machine,
    codec: Codec,
    engine: Engine = "auto",
    *,
    future_skew_ms: int = 300_000,
    arrival_is_occurred: bool = False,
) -> PartitionEngine:
    """A partition at its beginning. Raises CannotRun."""
    if chosen(engine, machine) == "python":
        return Processor(machine, codec, future_skew_ms=future_skew_ms, arrival_is_occurred=arrival_is_occurred)
    from streams.core.processor import NativeProcessor  # noqa: PLC0415  # it may not be there

    fields = codec.decode.fields if isinstance(codec.decode, PlainReader) else None
    return NativeProcessor(
        machine, codec, fields, future_skew_ms=future_skew_ms, arrival_is_occurred=arrival_is_occurred
    )
