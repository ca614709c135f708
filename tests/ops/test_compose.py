"""The compose file is one by its specification, and fits the image, the settings and the files that it mounts."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.live.settings import Environment, Settings
from tests.ops.tools import ROOT, run

FILE = ROOT / "docker-compose.yml"
CHECK = Path(sys.executable).with_name("check-jsonschema")


def read(path: Path) -> Any:
    """A YAML file, its anchors resolved."""
    return YAML(typ="safe", pure=True).load(path)


SERVICES: dict[str, dict[str, Any]] = read(FILE)["services"]
LASTING = {name: service for name, service in SERVICES.items() if service["restart"] != "no"}
WORKERS = {name: service for name, service in SERVICES.items() if service.get("command") == ["worker"]}


def test_it_is_a_compose_file() -> None:
    """By the JSON Schema of the Compose Specification."""
    said = run(CHECK, "--builtin-schema", "vendor.compose-spec", FILE)
    assert said.returncode == 0, said.stdout


def test_a_mistake_would_be_found(tmp_path: Path) -> None:
    """Nobody knows `helthcheck`."""
    broken = tmp_path / FILE.name
    broken.write_text(FILE.read_text().replace("healthcheck", "helthcheck"))
    assert run(CHECK, "--builtin-schema", "vendor.compose-spec", broken).returncode == 1


def test_every_port_is_on_loopback_and_no_two_are_the_same() -> None:
    """Nothing there asks for a password."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports) == len(LASTING)


def test_every_image_has_a_version() -> None:
    """A full one, never latest."""
    assert all(re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"]) for service in SERVICES.values())
    assert f'version = "{WORKERS["worker-1"]["image"].split(":")[1]}"' in (ROOT / "pyproject.toml").read_text()
    assert SERVICES["broker"]["image"].split(":")[1] in (ROOT / "ops/kafka/pom.xml").read_text()
    grafana = read(ROOT / "tests/ops/node/package.json")["dependencies"]["@grafana/schema"]
    assert SERVICES["grafana"]["image"].endswith(f":{grafana}")


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_restarted_and_given_time_to_stop(name: str) -> None:
    """Healthcheck, restart, grace."""
    service = LASTING[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])


def test_everything_waits_for_what_it_needs() -> None:
    """The broker answers, then the input is there, then the topics, then the workers start."""
    waits_for = {name: set(service.get("depends_on", ())) for name, service in SERVICES.items()}
    assert (waits_for["input"], waits_for["topics"]) == ({"broker"}, {"input"})
    assert all(waits_for[name] == {"topics"} for name in WORKERS)
    conditions = [c["condition"] for s in SERVICES.values() for c in s.get("depends_on", {}).values()]
    assert set(conditions) == {"service_healthy", "service_completed_successfully"}


def test_what_is_mounted_is_there_and_what_is_kept_has_a_name() -> None:
    """Files of the repository read-only; named volumes all declared, and all used."""
    mounts = [volume.split(":") for service in SERVICES.values() for volume in service.get("volumes", ())]
    files = [mount for mount in mounts if mount[0].startswith("./")]
    assert all((ROOT / source).exists() and mode == "ro" for source, _, mode in files)
    assert {mount[0] for mount in mounts if mount not in files} == set(read(FILE)["volumes"])


@pytest.mark.parametrize("name", [*WORKERS, "topics"])
def test_the_settings_are_settings(name: str) -> None:
    """Known keys, values that fit; the journey is what is mounted."""
    environment = {key: str(value) for key, value in SERVICES[name]["environment"].items()}
    found = Environment(Settings, environment)()
    settings = Settings(**found)
    assert settings.kafka.bootstrap_servers == ("broker:19092",)
    assert f"--topic={settings.source.topic}" in SERVICES["input"]["command"]
    if name in WORKERS:
        assert settings.kafka.instance_id == name
        (mount,) = SERVICES[name]["volumes"]
        assert [str(path) for path in settings.journeys] == [mount.split(":")[1]]


def test_prometheus_scrapes_the_workers_where_they_serve() -> None:
    """And their healthcheck asks there; Grafana asks Prometheus."""
    ports = {str(service["environment"]["JOURNEYS_HTTP__PORT"]) for service in WORKERS.values()}
    (job,) = read(ROOT / "ops/prometheus/prometheus.yml")["scrape_configs"]
    (port,) = ports
    assert job["static_configs"] == [{"targets": [f"{name}:{port}" for name in WORKERS]}]
    for service in WORKERS.values():
        assert f"127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]
        assert service["ports"][0].endswith(f":{port}")
    (source,) = read(ROOT / "ops/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == f"http://prometheus:{SERVICES['prometheus']['ports'][0].split(':')[2]}"


def test_the_image_gets_what_it_copies_and_nothing_else_and_runs_as_nobody_of_importance() -> None:
    """.dockerignore lets through what the Dockerfile names, or the folder that it is in."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in ignore if line.startswith("!")}
    assert let_through == {path for path in copied if not let_through & {str(parent) for parent in Path(path).parents}}
    assert all((ROOT / path).exists() for path in copied)
    (user,) = (line.split()[1] for line in lines if line.startswith("USER "))
    assert int(user.split(":")[0]) > 0
