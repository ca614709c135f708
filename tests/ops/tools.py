"""Tools that are not Python's: fetched once into folders that git ignores, by the first test that needs one."""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(__file__).with_name("node")
PROMETHEUS = ROOT / "ops" / "prometheus"


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run it; exit code and output are the caller's to judge."""
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def prometheus() -> Path:
    """The folder with prometheus and promtool."""
    fetched = run(PROMETHEUS / "fetch")
    assert fetched.returncode == 0, fetched.stderr
    return PROMETHEUS / "lib"


def node(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of Node's in the folder whose package-lock.json says what is there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no Node (Debian: apt install nodejs npm)")
    made, lock = NODE / "node_modules" / ".package-lock.json", NODE / "package-lock.json"
    with _alone():
        if not made.exists() or made.stat().st_mtime < lock.stat().st_mtime:
            installed = run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=NODE)
            assert installed.returncode == 0, installed.stderr
    return run(*command, cwd=NODE)


@contextmanager
def _alone() -> Iterator[None]:
    """Two runs of the tests at once must not install over each other."""
    with (NODE / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
