"""The script that makes the dashboard, as a module."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from tests.ops.tools import ROOT

FOLDER = ROOT / "ops" / "grafana"
SCRIPT = FOLDER / "make"


def load() -> Any:
    """Its functions `dashboard` and `queries`, both of a journey file."""
    name = "ops_grafana_make"
    spec = spec_from_loader(name, SourceFileLoader(name, str(SCRIPT)))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def queries(file: Path | None = None) -> list[str]:
    """Every query of the dashboard of that journey; of the committed one where none is given."""
    found: list[str] = load().queries(*([file] if file else []))
    return found
