"""A digest of all that some worlds publish, for a process of its own: python -m tests.laws.digest NUMBER."""

from __future__ import annotations

import sys
from hashlib import blake2b

from tests.laws.effects import listed
from tests.laws.laws import machine
from tests.laws.system import run
from tests.laws.world import make

digest = blake2b()
for number in range(int(sys.argv[1])):
    world = make(number).late(odd=True)
    outcome = listed(run(machine(world), world.log))
    digest.update(repr((machine(world).fingerprint, outcome)).encode())
sys.stdout.write(digest.hexdigest())
