"""Whom a worker talks to and who it is: right certificates and passwords work, each wrong one ends it with one line."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kafka import brokers
from tests.kafka.guarded import Guarded, GuardedApp, documented
from tests.kafka.live import JOURNEYS, Event

BEGIN_MS = 1_767_225_600_000
EVENTS: list[Event] = [("u1", "signed_up", BEGIN_MS), ("u1", "used", BEGIN_MS + 1)]


# -- right -------------------------------------------------------------------------------------------------------------
async def test_a_certificate_opens_the_broker(guarded: Guarded, tmp_path: Path) -> None:
    """Mutual TLS, key and certificate in one file; its user is the certificate's name. Passwords: see test_acls."""
    async with guarded.app("mutual", tmp_path) as app:
        await guarded.allow((acl.of(app) for acl in documented("journeys worker")), user="User:CN=one")
        await app.write(EVENTS)
        worker = app.start(
            KAFKA__BOOTSTRAP_SERVERS=guarded.read("bootstrap-tls"),
            KAFKA__SECURITY_PROTOCOL="SSL",
            KAFKA__SSL_CERTFILE=guarded.certificate("one"),
        )
        await app.caught_up()
        assert await app.published() == await app.expected()
        assert await worker.stop() == 0


def test_the_files_of_a_guarded_broker_are_nobody_elses(guarded: Guarded) -> None:
    """Passwords and keys; and a certificate cannot take the place of the authority's own."""
    secrets = [guarded.folder / name for name in ("tls", "admin.password", "journeys.password", "admin.properties")]
    assert [path.stat().st_mode & 0o077 for path in secrets] == [0] * len(secrets)
    refused = brokers.run("certificate", guarded.folder, "--name", "ca")
    assert refused.returncode == 1
    assert "cannot be a certificate's name" in refused.stderr


# -- wrong -------------------------------------------------------------------------------------------------------------
class Wrong(NamedTuple):
    """What is wrong. says, advises: parts of the line that tells it."""

    kafka: Mapping[str, str]
    says: str
    advises: str


def wrongs(guarded: Guarded, folder: Path) -> dict[str, Wrong]:
    """All that can be wrong with credentials and still reach the broker's port."""
    port = guarded.bootstrap.rpartition(":")[2]
    tls = {"bootstrap_servers": guarded.read("bootstrap-tls"), "security_protocol": "SSL"}
    other = folder / "other.pem"
    other.write_text(Path(guarded.certificate("stranger")).read_text())  # signed, and nobody's authority
    hangs_up = ("hangs up", "kafka.security_protocol")
    return {
        "authority": Wrong({"ssl_cafile": str(other)}, "unable to get local issuer", "kafka.ssl_cafile has to hold"),
        "host": Wrong({"bootstrap_servers": f"localhost:{port}"}, "not valid for 'localhost'", "advertised.listeners"),
        "password": Wrong({"sasl_plain_password": "guessed"}, "invalid credentials", "Check kafka.sasl_plain_username"),
        "user": Wrong({"sasl_plain_username": "nobody"}, "invalid credentials", "Check kafka.sasl_plain_username"),
        "mechanism": Wrong({"sasl_mechanism": "PLAIN"}, "UnsupportedSaslMechanism", "Set kafka.sasl_mechanism"),
        "protocol": Wrong({"security_protocol": "SASL_PLAINTEXT"}, *hangs_up),
        "no certificate": Wrong(tls, *hangs_up),
        "old certificate": Wrong({**tls, "ssl_certfile": guarded.certificate("old", days=-1)}, *hangs_up),
    }


WRONGS = ["authority", "host", "password", "user", "mechanism", "protocol", "no certificate", "old certificate"]


@pytest.mark.parametrize("wrong", WRONGS)
async def test_wrong_credentials_end_every_command_with_one_line(guarded: Guarded, tmp_path: Path, wrong: str) -> None:
    """Which names the fault and the next step."""
    await refused(guarded, tmp_path, wrongs(guarded, tmp_path)[wrong])


async def test_an_expired_certificate_of_the_broker_ends_every_command_with_one_line(
    guarded: Guarded, tmp_path: Path
) -> None:
    """What listens here shows one; nobody gets so far as to speak Kafka."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(guarded.certificate("expired", days=-1))
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=shown) as server:
        address = "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        wrong = Wrong({"bootstrap_servers": address}, "certificate has expired", "has to be renewed")
        await refused(guarded, tmp_path, wrong)


async def refused(guarded: Guarded, folder: Path, wrong: Wrong) -> None:
    """A worker and what an operator would ask all end with code 2 and one line that tells what is wrong."""
    app = GuardedApp(guarded.bootstrap, "never", folder, kafka={**guarded.password("journeys"), **wrong.kafka})
    app.path.write_text(app.journey)
    for started in (app.start(), app.start(JOURNEYS, "topics", "plan"), app.start(JOURNEYS, "doctor")):
        assert await started.end() == 2
        said = started.log.read_text().splitlines()
        [line] = [line for line in said if not re.match(r"\S+ \S+ INFO ", line)]
        assert "no Kafka broker answers at " in line
        assert wrong.says in line
        assert wrong.advises in line
