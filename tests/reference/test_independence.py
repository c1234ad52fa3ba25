"""The oracles share no code with the engine: read from their source, and seen when they run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from sabcore import reference

FILES = sorted(Path(reference.__file__).parent.glob("**/*.py"))
ALLOWED = {"__future__", "collections", "dataclasses", "math", "typing", "numpy", "torch"}


def imported(source: str) -> set[str]:
    """The top-level names that a module imports absolutely."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            names.add("." * node.level)  # would leave the folder
        elif isinstance(node, ast.Name) and node.id in ("__import__", "importlib", "exec", "eval"):
            names.add(node.id)
    return names


def test_the_scan_finds_what_it_should() -> None:
    assert imported("import sabcore.step as s") == {"sabcore"}
    assert imported("def f():\n    from sabcore import config") == {"sabcore"}
    assert imported("from ..step import lstm") == {".."}
    assert imported("m = __import__('sabcore')") == {"__import__"}
    assert imported("from .replay import record") == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sources_import_nothing_else(path) -> None:
    assert imported(path.read_text(encoding="utf-8")) <= ALLOWED


def test_they_run_where_the_engine_cannot_be_imported() -> None:
    modules = [path.stem for path in FILES if path.stem != "__init__"]
    assert len(modules) >= 10
    program = f"""
import importlib
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "sabcore":
            raise ImportError("the engine is blocked here")
sys.meta_path.insert(0, Block())
try:
    import sabcore
except ImportError:
    print("blocked")
for name in {modules!r}:
    importlib.import_module("reference." + name)
assert "torch" not in sys.modules, "importing the oracles should not need PyTorch"
from tests.reference.cases import make_case
from reference import autograd, complex_step, differences
for oracle in (autograd, complex_step, differences):
    oracle.gradients(*make_case(steps=3, rows=1))
assert not any(name.split(".")[0] == "sabcore" for name in sys.modules)
print("ran")
"""
    beside_the_engine = Path(reference.__file__).parents[1]
    program = f"import sys; sys.path.append({str(beside_the_engine)!r})\n{program}"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.stdout.split() == ["blocked", "ran"], done.stderr
