"""The tree itself: lint, format, types, and which part may import which."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT, imported, imported_by, sources

CHECKS = {
    "lint": ["ruff", "check", "--no-cache", "."],
    "format": ["ruff", "format", "--no-cache", "--check", "."],
    "types": ["mypy", "--no-error-summary"],
}
#: What computes by explicit formulas.
COMPUTING = [file for room in ("step", "engine", "transformer") for file in sources(f"sabcore/{room}")]


@pytest.mark.parametrize("name", CHECKS)
def test_tools_find_nothing(name):
    found = subprocess.run([sys.executable, "-m", *CHECKS[name]], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def breaches(file: Path, *banned: str) -> list[str]:
    """The names in `file` that are, or lie in, something banned there."""
    return [name for name in imported_by(file) if any(f"{name}.".startswith(f"{ban}.") for ban in banned)]


def test_the_scan_finds_every_way_to_import():
    assert imported("import torch.nn as nn") == {"torch.nn"}
    assert imported("from sabcore.reference import autograd") >= {"sabcore.reference", "sabcore.reference.autograd"}
    assert "sabcore.reference.autograd" in imported("from ..reference import autograd", "sabcore.engine.plain")
    assert "sabcore.engine.cpu.topk" in imported("from .topk import best", "sabcore.engine.cpu", is_package=True)
    assert "sabcore.cli" in imported("def f():\n    from ... import cli", "sabcore.engine.cpu.topk")


def test_no_autodiff_in_the_engine():
    banned = ("torch", "jax", "autograd", "tensorflow", "sabcore.reference", "sabcore.torch", "sabcore.jax")
    for file in [*COMPUTING, ROOT / "sabcore/train/loss.py"]:
        assert not breaches(file, *banned), file


def test_engines_know_no_command_line():
    for file in COMPUTING:
        assert not breaches(file, "click", "rich", "sabcore.cli"), file


def test_nothing_unpickles():
    for file in sources("sabcore"):
        assert not breaches(file, "pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"), file
        assert "allow_pickle" not in file.read_text(encoding="utf-8"), file
