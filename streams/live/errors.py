"""What can go wrong in the live room, as a tree that is branched by what the caller does next.

    Stopped                 end the worker; the text says what to do; never tried again silently
    ├── Misconfigured       exit code 2: settings, topics, rights, a broker that cannot be reached
    ├── Inconsistent        exit code 1: going on would give wrong records (state, offset and log do not fit together)
    └── Faulty              exit code 70: a fault of this program
    Broken                  drop the producer and the state of this partition and rebuild both from the log
    ├── Fenced              ... but wait longer: somebody else owns the partition, and we may not have heard of it yet
    └── Poisoned            ... and count it against the batch: it is the content of its records that cannot be applied

Whatever else is raised while a partition is open (a lost connection, a deadline) is treated like `Broken`.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import ClassVar


class Stopped(Exception):
    """The worker must end; the message says what happened and what to do next."""

    exit_code: ClassVar[int] = 1


class Misconfigured(Stopped):
    """What the worker was given cannot work."""

    exit_code: ClassVar[int] = 2


class Inconsistent(Stopped):
    """State, committed offset and log do not fit together."""


class Faulty(Stopped):
    """Something was raised that nobody expects, again and again."""

    exit_code: ClassVar[int] = 70


class Broken(Exception):
    """Memory and log may differ: only the log counts."""


class Fenced(Broken):
    """Another producer has taken over this partition."""


class Poisoned(Broken):
    """The content of a batch cannot be applied or cannot be written."""


def where(error: Exception) -> str:
    """An error by its type and the place where it was raised: its message may hold what somebody's event said."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno} in {frame.name}"
