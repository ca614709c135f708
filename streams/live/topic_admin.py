"""The topics of an app on a broker: looking at them, and making them what `topics` says.

Topics are asked for by name, one by one: a list of all leaves out what we may not see, as if it did not exist.
Does not know: what topics must be like.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from streams.live.clients import Clients, close, connect, explain, reasons
from streams.live.errors import Misconfigured
from streams.live.rights import HIDDEN, NOT_TOLD, TOPIC_FORBIDDEN, Operation, Right, TopicsRequest, forbidden, lacks
from streams.live.sections import Kafka
from streams.live.settings import Settings
from streams.live.topics import Alter, Create, Difference, Found, Refuse, TopicNames, compare

SET_ON_TOPIC = 1  # config_source of a value that somebody set for this topic
TOPIC_MISSING = 3  # error code UNKNOWN_TOPIC_OR_PARTITION
TOPIC_EXISTS = 36
TIMEOUT_MS = 15_000
LOOKS, LOOK_AGAIN_S = 50, 0.1

Needs = Mapping[str, Collection[Operation]]  # what is to be done with each topic


# -- what is needed ----------------------------------------------------------------------------------------------------
def to_examine(names: TopicNames, topic: str) -> Needs:
    """Whoever looks at the app's topics and its input, and perhaps creates topics."""
    ours = (names.transitions, names.members, names.late, names.rejected, names.journal, names.state)
    return dict.fromkeys((topic, *ours), ("Describe", "DescribeConfigs"))


def to_work(names: TopicNames, topic: str) -> Needs:
    """A worker."""
    written: Needs = dict.fromkeys(to_examine(names, topic), ("Write", "DescribeConfigs"))
    return {**written, topic: ("Read", "DescribeConfigs"), names.state: ("Write", "Read", "DescribeConfigs")}


def to_diagnose(names: TopicNames, topic: str) -> Needs:
    """The doctor, who is told what a worker would be told."""
    copies: Needs = dict.fromkeys((names.late, names.rejected), ("Write", "Read", "DescribeConfigs"))
    return {**to_work(names, topic), **copies}


# -- a broker ----------------------------------------------------------------------------------------------------------


async def look(admin: AIOKafkaAdminClient, needed: Needs) -> dict[str, Found]:
    """Those topics that exist. Raises `Misconfigured` where we may not do what is needed."""
    with reasons() as found:
        try:
            return await _look(admin, needed)
        except KafkaError as error:
            raise Misconfigured(f"the topics cannot be examined: {explain(error, found)}") from error


async def _look(admin: AIOKafkaAdminClient, needed: Needs) -> dict[str, Found]:
    shapes = await describe(admin, needed)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in shapes]
    found = {}
    for response in await admin.describe_configs(resources) if resources else ():
        for code, message, _, name, entries in response.resources:
            if code:
                raise for_code(code)(f"cannot read the settings of topic {name}: {message}")
            configs = {entry[0]: entry[1] for entry in entries}
            own = {entry[0]: entry[1] for entry in entries if entry[3] == SET_ON_TOPIC}
            partitions = shapes[name]
            found[name] = Found(len(partitions), len(partitions[0]["replicas"]), configs, own)
    return found


async def describe(admin: AIOKafkaAdminClient, needed: Needs) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The partitions of those topics that exist. Raises `Misconfigured` with every right that we need and have not."""
    shapes, missing = {}, []
    answer = await admin._send_request(TopicsRequest(needed))  # noqa: SLF001  # nothing public sends a request to any node
    for told in answer.to_object()["topics"]:
        name, code = told["topic"], told["error_code"]
        if code == TOPIC_FORBIDDEN:
            missing += lacks(name, HIDDEN, needed[name])
        elif not code:
            shapes[name] = told["partitions"]
            missing += lacks(name, told.get("operations", NOT_TOLD), needed[name])
        elif code != TOPIC_MISSING:
            raise for_code(code)(f"cannot describe topic {name}")
    if missing:
        raise forbidden(*missing)
    return shapes


async def apply(admin: AIOKafkaAdminClient, differences: list[Difference]) -> None:
    """Create and alter. Raises `Misconfigured` before anything is done if something is refused, or where we may not."""
    if refused := [str(d) for d in differences if isinstance(d, Refuse)]:
        raise Misconfigured("\n".join(refused))
    new = [
        NewTopic(d.name, d.partitions, d.replication, topic_configs=dict(d.configs))
        for d in differences
        if isinstance(d, Create)
    ]
    if new:
        created = await admin.create_topics(new, timeout_ms=TIMEOUT_MS)
        denied = [Right("Create", "topic", name) for name, code, _ in created.topic_errors if code == TOPIC_FORBIDDEN]
        if denied:
            raise forbidden(*denied)
        for name, code, message in created.topic_errors:
            if code not in (0, TOPIC_EXISTS):  # somebody else may have been quicker; the next `plan` will tell
                raise Misconfigured(f"{name}: could not be created: {message or for_code(code).__name__}")
    for d in differences:
        if isinstance(d, Alter):
            await alter(admin, d)


async def alter(admin: AIOKafkaAdminClient, d: Alter) -> None:
    """Kafka's AlterConfigs takes back whatever is not named again, so what was set before is sent along."""
    configs = {**d.own, **{name: new for name, (_, new) in d.changes.items()}}
    for response in await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, d.name, configs)]):
        for code, message, *_ in response.resources:
            if code == TOPIC_FORBIDDEN:
                raise forbidden(Right("AlterConfigs", "topic", d.name))
            if code:
                raise Misconfigured(f"{d.name}: could not be altered: {message or for_code(code).__name__}")


async def plan_topics(settings: Settings) -> list[Difference]:
    """What `apply_topics` would do. Raises `Misconfigured` where there is no broker or no input."""
    async with admin_of(settings.kafka) as admin:
        found = await look(admin, to_examine(TopicNames(settings.app), settings.source.topic))
    return compare(TopicNames(settings.app), settings.source.topic, found, settings.topics.replication)


async def apply_topics(settings: Settings) -> list[Difference]:
    """Make the topics so; returns what was done. Raises `Misconfigured` before anything is, if something is refused."""
    differences = await plan_topics(settings)
    async with admin_of(settings.kafka) as admin:
        await apply(admin, differences)
    for _ in range(LOOKS):  # a broker hears of what the controller has done a moment later
        if await plan_topics(settings):
            await asyncio.sleep(LOOK_AGAIN_S)
    return differences


@contextlib.asynccontextmanager
async def admin_of(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client of its own. Raises `Misconfigured` where there is no broker."""
    admin = Clients(kafka).admin()
    try:
        await connect(admin, kafka.bootstrap_servers)
        yield admin
    finally:
        await close(admin.close())


async def check(admin: AIOKafkaAdminClient, names: TopicNames, topic: str) -> int:
    """The number of partitions, if the worker can run on the topics as they are; else `Misconfigured`."""
    found = await look(admin, to_work(names, topic))
    differences = compare(names, topic, found, None)
    if differences:
        lines = "\n".join(f"  {d}" for d in differences)
        advice = (
            "" if any(isinstance(d, Refuse) for d in differences) else "\nSay `journeys topics apply` to make them so"
        )
        raise Misconfigured(f"the topics of app {names.app} are not as they must be:\n{lines}{advice}")
    return found[topic].partitions
