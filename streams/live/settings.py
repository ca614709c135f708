"""Settings: one frozen value, parsed once (outputs.md section 7).

Where a value comes from, the later wins: the default, the YAML file (`JOURNEYS_CONFIG`, else `journeys.yaml` where it
exists), the environment (`JOURNEYS_KAFKA__BOOTSTRAP_SERVERS` is `kafka.bootstrap_servers`), the command line. A secret
may also be given as a file: `JOURNEYS_KAFKA__SASL_PLAIN_PASSWORD_FILE`. Every problem is reported at once, an unknown
key with the one that was probably meant.
Does not know: what anybody does with a value.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast, get_args

from pydantic import BaseModel, BeforeValidator, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from streams.core.engines import Engine
from streams.live.errors import Misconfigured
from streams.live.sections import Batch, Clock, Http, Kafka, Limits, Log, Name, Source, Topics, split_list

PREFIX = "JOURNEYS_"
CONFIG = "JOURNEYS_CONFIG"
DEFAULT_FILE = Path("journeys.yaml")
REQUIRED: dict[str, Any] = {"kafka": {}, "source": {}}


class Settings(BaseSettings):
    """Everything a worker is told. `app` is also the group's name and the prefix of topics and transactional ids.

    engine: what runs the partitions, see `streams.core.engines`; it changes no result.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=False)

    app: Name = "journeys"
    journeys: Annotated[tuple[Path, ...], BeforeValidator(split_list)] = ()
    engine: Engine = "auto"
    kafka: Kafka
    source: Source
    topics: Topics = Topics()
    clock: Clock = Clock()
    batch: Batch = Batch()
    http: Http = Http()
    log: Log = Log()
    limits: Limits = Limits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # replaced by one that knows `_FILE` and unknown keys
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line, then the environment, then the file; pydantic-settings merges them key by key."""
        return init_settings, Environment(settings_cls, os.environ), File(settings_cls, os.environ)

    def show(self) -> dict[str, Any]:
        """For the start-up line: as in a file, secrets hidden, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Environment(PydanticBaseSettingsSource):
    """`JOURNEYS_A__B=x` as `{"a": {"b": "x"}}`."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.environ = environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Part of the interface; values are read all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Nested values, all of them text."""
        found: dict[str, Any] = {}
        for name, value in sorted(self.environ.items()):
            if name.startswith(PREFIX) and name != CONFIG:
                path, text = self.read(name, value)
                section = found
                for part in path[:-1]:
                    section = section.setdefault(part, {})
                    if not isinstance(section, dict):
                        raise Misconfigured(f"settings: {name} and {PREFIX}{'__'.join(path[:-1]).upper()} contradict")
                section[path[-1]] = text
        return found

    def read(self, name: str, value: str) -> tuple[list[str], str]:
        """The key that a variable means, and its value: that of a secret's `_FILE` variant is what is in the file."""
        path = name.removeprefix(PREFIX).lower().split("__")
        secret = path[-1].removesuffix("_file")
        if secret != path[-1] and ".".join([*path[:-1], secret]) in SECRETS:
            try:
                return [*path[:-1], secret], Path(value).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise Misconfigured(f"settings: {name} names a file that cannot be read: {error}") from None
        return path, value


class File(PydanticBaseSettingsSource):
    """The YAML file."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.path = Path(environ.get(CONFIG) or DEFAULT_FILE)
        self.wanted = CONFIG in environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Part of the interface; values are read all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Nested values. The sections with required keys always exist, so that it is a key that is missing."""
        if not self.wanted and not self.path.exists():
            return REQUIRED
        try:
            found = YAML(typ="safe", pure=True).load(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Misconfigured(f"settings: {CONFIG} names a file that cannot be read: {error}") from None
        except YAMLError as error:
            raise Misconfigured(f"settings: {self.path} is not YAML: {error}") from None
        if not isinstance(found or {}, dict):
            raise Misconfigured(f"settings: {self.path} must hold keys and values, as in `app: journeys`")
        return REQUIRED | cast("dict[str, Any]", found or {})


def sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key with its dotted name, sections before their keys."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        yield key, field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from sections(field.annotation, f"{key}.")


KEYS = {key: field for key, field in sections(Settings)}  # noqa: C416  # a dict of pairs is clearer than dict(iterator)
SECRETS = frozenset(key for key, field in KEYS.items() if SecretStr in get_args(field.annotation))


def load_settings(journeys: tuple[Path, ...] = (), topic: str | None = None) -> Settings:
    """Settings from file and environment; `journeys` are added to those that they name, `topic` replaces source.topic.

    Raises `Misconfigured` with every problem, a line each.
    """
    try:
        found = Settings() if topic is None else Settings(source={"topic": topic})  # type: ignore[arg-type]  # merged
    except ValidationError as error:
        lines = [f"settings: {describe(problem['loc'], problem['type'], problem['msg'])}" for problem in error.errors()]
        raise Misconfigured("\n".join(lines)) from None
    return found.model_copy(update={"journeys": (*found.journeys, *journeys)})


def describe(location: tuple[int | str, ...], kind: str, text: str) -> str:
    """One problem of pydantic's in our words. A value is never repeated: it may be a secret."""
    key = ".".join(str(part) for part in location)
    variable = PREFIX + key.upper().replace(".", "__")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, KEYS, 1, 0.5)
        return f"{key} ({variable}): unknown key" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "missing":
        return f"{key}: missing; set {variable}, or {key} in {DEFAULT_FILE} (or the file that {CONFIG} names)"
    return f"{key} ({variable}): {text.removeprefix('Value error, ')}"
