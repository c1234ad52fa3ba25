"""The tree itself: lint, format, types, and which part may import which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKS = {
    "lint": ["ruff", "check", "--no-cache", "."],
    "format": ["ruff", "format", "--no-cache", "--check", "."],
    "types": ["mypy", "--no-error-summary"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_tools_find_nothing(name):
    found = subprocess.run([sys.executable, "-m", *CHECKS[name]], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def imported(file: Path) -> set[str]:
    """The modules that `file` imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module or ""}
    return names


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_no_autodiff_in_the_engine():
    banned = ("torch", "jax", "autograd", "tensorflow", "sabcore.reference.autograd")
    for file in [*sources("sabcore/step"), *sources("sabcore/engine"), ROOT / "sabcore/train/loss.py"]:
        assert not [name for name in imported(file) if name.startswith(banned)], file


def test_steps_know_no_time_loop_and_engines_no_command_line():
    for file in sources("sabcore/step"):
        assert not [name for name in imported(file) if name.startswith(("sabcore.engine", "sabcore.cli"))], file
    for file in sources("sabcore/engine"):
        assert not [name for name in imported(file) if name.startswith(("click", "rich", "sabcore.cli"))], file


def test_nothing_unpickles():
    loaders = ("pickle", "dill", "joblib", "shelve", "marshal")
    for file in sources("sabcore"):
        assert not imported(file) & set(loaders), file
        assert "allow_pickle" not in file.read_text(encoding="utf-8"), file
