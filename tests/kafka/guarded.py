"""A broker that asks for TLS, a password or a certificate, and for rights, and the rights that its README documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from streams.live.clients import Clients
from streams.live.sections import Kafka
from tests.kafka import brokers
from tests.kafka.live import App, until

README = brokers.SCRIPT.with_name("README.md")
USER = "User:journeys"

# Numbers of the protocol (AclOperation, ResourceType, PatternType, AclPermissionType of Kafka's Java client).
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
KINDS = {"topic": 2, "group": 3, "transactional-id": 5}
ANY, LITERAL, PREFIXED, ALLOW = 1, 3, 4, 3


class Acl(NamedTuple):
    """One operation that is allowed on one resource, or on all whose names begin so."""

    operation: str
    kind: str
    name: str
    prefixed: bool

    def __str__(self) -> str:
        return f"{self.operation} on {self.kind} {self.name}"

    def of(self, app: App) -> Acl:
        """The same of this app, where the README has the app `journeys` that reads `product.events`."""
        name = self.name.replace("product.events", app.input)
        return self._replace(name=re.sub(r"^journeys", app.name, name))


def documented(command: str) -> list[Acl]:
    """The rights under the line of the README that begins with this command."""
    after = README.read_text().split(f"\n`{command}`")[1]
    found = []
    for line in after.split("\n\n")[1].splitlines():
        words = shlex.split(line)
        assert words.pop(0) == "$acl"
        options = list(zip(words[::2], words[1::2], strict=True))
        [(kind, name)] = [(option[2:], value) for option, value in options if option[2:] in KINDS]
        prefixed = ("--resource-pattern-type", "prefixed") in options
        found += [Acl(value, kind, name, prefixed) for option, value in options if option == "--operation"]
    return found


class GuardedApp(App):
    """Its input has a name of its own: no right on the app's topics is one on it."""

    @property
    def input(self) -> str:
        """The topic of events."""
        return f"events-{self.name}"


@dataclass(frozen=True)
class Guarded:
    """The broker of a data folder that was made with --secure."""

    folder: Path

    def read(self, name: str) -> str:
        """What is in a file of the folder."""
        return (self.folder / name).read_text().strip()

    @property
    def bootstrap(self) -> str:
        """Where it asks for a password."""
        return self.read("bootstrap")

    @property
    def ca(self) -> str:
        """The file of its authority."""
        return str(self.folder / "tls" / "ca.pem")

    def certificate(self, name: str, days: int = 1) -> str:
        """The file of a new certificate of its authority."""
        issued = brokers.run("certificate", self.folder, "--name", name, "--days", str(days))
        assert not issued.returncode, issued.stderr
        return issued.stdout.strip()

    def password(self, user: str) -> dict[str, str]:
        """Settings of the section kafka, without the address."""
        return {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": user,
            "sasl_plain_password": self.read(f"{user}.password"),
            "ssl_cafile": self.ca,
        }

    def app(self, name: str, folder: Path, partitions: int = 1) -> GuardedApp:
        """An app whose topics the user admin makes, and watches."""
        return GuardedApp(self.bootstrap, name, folder, partitions=partitions, kafka=self.password("admin"))

    async def allow(self, acls: Iterable[Acl], user: str = USER) -> None:
        """Allow it, and wait until that is in force."""
        async with self._client() as client:
            for acl in acls:
                answer = await client.send(1, CreateAclsRequest(*self._entry(acl, user), ALLOW))
                assert [code for code, _ in answer.creation_responses] == [0]
                await until(f"{acl} is allowed", partial(self._known, client, acl, user))

    async def forbid(self, acl: Acl, user: str = USER) -> None:
        """Take it back, and wait until that is in force."""
        async with self._client() as client:
            await client.send(1, DeleteAclsRequest(*self._entry(acl, user), ALLOW))

            async def gone() -> bool:
                return not await self._known(client, acl, user)

            await until(f"{acl} is forbidden", gone)

    async def _known(self, client: AIOKafkaClient, acl: Acl, user: str) -> bool:
        answer = await client.send(1, DescribeAclsRequest(*self._entry(acl, user), ALLOW))
        return bool(answer.resources)

    def _entry(self, acl: Acl, user: str) -> tuple[int, str, int, str, str, int]:
        pattern = PREFIXED if acl.prefixed else LITERAL
        return KINDS[acl.kind], acl.name, pattern, user, "*", OPERATIONS[acl.operation]

    def _client(self) -> Connected:
        kafka: dict[str, Any] = {"bootstrap_servers": self.bootstrap, **self.password("admin")}
        return Connected(Clients(Kafka(**kafka)).bare())


@dataclass(frozen=True)
class Connected:
    """A client from `bootstrap` to `close`."""

    client: AIOKafkaClient

    async def __aenter__(self) -> AIOKafkaClient:
        """Connect."""
        await self.client.bootstrap()
        return self.client

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self.client.close()
