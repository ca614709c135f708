"""The broker script as the tests use it, and topics on the broker that it starts."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

SCRIPT = Path(__file__).resolve().parents[2] / "ops" / "kafka" / "broker"


def run(command: str, data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the broker script on a data folder; its exit code and output are the caller's to judge."""
    return subprocess.run([SCRIPT, command, "--data", data, *options], capture_output=True, text=True, check=False)


def start(data: Path, *options: str) -> str:
    """Start the broker of a data folder and return its address; raises RuntimeError with what the script said."""
    started = run("start", data, *options)
    if started.returncode:
        raise RuntimeError(started.stderr)
    return started.stdout.splitlines()[-1]


async def create_topics(
    bootstrap: str | Mapping[str, Any], *names: str, partitions: int = 1, configs: Mapping[str, str] | None = None
) -> None:
    """Create topics of one kind, for example `configs={"cleanup.policy": "compact"}`.

    bootstrap: the address, or all that aiokafka has to be told to connect.
    Raises the `KafkaError` of the first refusal; aiokafka alone would only hand back its number.
    """
    topics = [NewTopic(name, partitions, 1, topic_configs=dict(configs or {})) for name in names]
    options = {"bootstrap_servers": bootstrap} if isinstance(bootstrap, str) else bootstrap
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        response = await admin.create_topics(topics)
        for name, code, *message in response.topic_errors:
            if code:
                raise for_code(code)(f"{name}: {message}")
        while [topic for topic in await admin.describe_topics(list(names)) if topic["error_code"]]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the broker hears of what the controller has done a moment later
    finally:
        await admin.close()
