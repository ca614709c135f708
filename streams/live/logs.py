"""What a worker says on stderr: lines for people, or JSON lines for machines (`log.format`).

Ours from a level on; of the libraries what goes wrong. Nothing that an event says may be told: a traceback shows where,
and not with which message, and an error that a library mentions is told by its type and place.
A message with named placeholders has fields: in JSON they stand beside it.
Does not know: what is said.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal

from aiokafka.errors import KafkaError

from streams.codec.instants import iso
from streams.live.errors import where

REPEAT_S = 10.0
LINE = "%(asctime)s %(levelname)s %(message)s"
Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def show_log(level: str, form: Literal["text", "json"]) -> None:
    """Log to stderr from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(LINE) if form == "text" else JsonLines())
    handler.addFilter(Discreet())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("streams").setLevel(level)


class Lines(logging.Formatter):
    """Text; of an exception the places that it came through, and its type."""

    def formatException(self, ei: Error) -> str:  # noqa: N802  # logging's name
        """Without its message."""
        kind, _, places = ei
        return "".join([*traceback.format_tb(places), kind.__name__ if kind is not None else ""])


class JsonLines(Lines):
    """One object a line: time, level, message, what the message was made of, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """As logging asks for it."""
        line: dict[str, Any] = {
            "time": iso(int(record.created * 1_000)),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if isinstance(record.args, Mapping):
            line.update(record.args)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class Discreet(logging.Filter):
    """Lets pass what is for people, and takes out of what libraries say whatever an event may have brought.

    Of aiokafka errors only (to it a rebalance is a warning), and each now and then: while a broker is down every
    connection says so every 10 ms.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is shown."""
        if record.name.startswith("aiokafka"):
            if record.levelno < logging.ERROR or record.created - self._said.get(str(record.msg), 0.0) < REPEAT_S:
                return False
            self._said[str(record.msg)] = record.created
        if not record.name.startswith("streams") and isinstance(record.args, tuple):
            record.args = tuple(place_of(arg) if isinstance(arg, Exception) else arg for arg in record.args)
        return True


def place_of(error: Exception) -> object:
    """What may be told of an error: all that Kafka says, else its type and place."""
    return error if isinstance(error, KafkaError | OSError) else where(error)


def tell_failures(loop: asyncio.AbstractEventLoop) -> None:
    """What nobody waits for is told by its place; asyncio would tell its message too."""

    def tell(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        told = place_of(error) if isinstance(error, Exception) else "no more is known"
        logging.getLogger(__name__).error("%s: %s", context["message"], told)

    loop.set_exception_handler(tell)
