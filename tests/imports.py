"""Which names a source file imports, for the tests that forbid some."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def module_name(file: Path) -> str:
    """The dotted name of a file below the root."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(source: str, module: str = "", is_package: bool = False) -> set[str]:
    """Every name that the source of `module` imports, anywhere in it, in full: `from a.b import c` gives a.b and a.b.c.

    Relative ones are resolved from `module`.
    """
    package, names = module if is_package else module.rpartition(".")[0], set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def imported_by(file: Path) -> set[str]:
    """`imported`, of a file below the root."""
    return imported(file.read_text(encoding="utf-8"), module_name(file), file.name == "__init__.py")


def sources(folder: str) -> list[Path]:
    """The Python files in a folder below the root; none found is an error, for then nothing would be checked."""
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"there is no source in {folder}"
    return found
