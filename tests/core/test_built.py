"""Where a compiler is, the native engine is what runs."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest


@pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo here")
def test_the_native_engine_is_built_where_cargo_is() -> None:
    """Else its tests would be skipped without anybody noticing."""
    assert find_spec("streams.core.native") is not None, "run `make setup`"
