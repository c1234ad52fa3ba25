"""Where compiled code is kept from one process to the next: in a folder named by the digest of the sources.

Numba takes what it kept for good as long as the file of the function that Python calls is unchanged. What that function
calls stands in other files; in a folder of their common digest, code of other sources is never found.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba

from sabcore.engine import truncation
from sabcore.model import slots

_ENGINE = Path(__file__).parent
_SHARED = [Path(truncation.__file__), Path(slots.__file__)]


def sources() -> list[Path]:
    """Every file whose functions end up in the compiled code."""
    return [*sorted(_ENGINE.glob("*.py")), _ENGINE.parent / "rules.py", *_SHARED]


def digest(files: list[Path]) -> str:
    """Sixteen letters that stand for the files' names and contents."""
    parts = [f"{file.name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def candidates() -> list[Path]:
    """Where a folder may be made: in NUMBA_CACHE_DIR alone if it is set, else beside the sources, else in the home."""
    if numba.config.CACHE_DIR:
        return [Path(numba.config.CACHE_DIR)]
    found = [_ENGINE / "__pycache__"]
    with suppress(RuntimeError):  # no home
        found.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sabcore")
    return found


def writable(folders: list[Path]) -> Path | None:
    """The first of `folders` that can be made and written to; None if none can."""
    for folder in folders:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            return folder
    return None


#: The folder of this engine's compiled code; None if no place is writable, and each process compiles anew.
FOLDER = None if numba.config.DISABLE_JIT else writable([place / f"cpu-{digest(sources())}" for place in candidates()])


def compile_entry(function: Callable[..., Any], folder: Path | None, **options: Any) -> Any:
    """`numba.njit` with these options for a function that Python calls, kept in `folder` with all that it calls."""
    with _kept_in(folder):
        entry = numba.njit(cache=folder is not None, **options)(function)
    if folder and folder not in Path(entry.stats.cache_path).parents:  # NUMBA_CACHE_LOCATOR_CLASSES put it elsewhere
        return numba.njit(**options)(function)
    return entry


def call(entry: Callable[..., Any], *args: Any) -> Any:
    """entry(*args), whatever the state of the folder. (What is no compiled function keeps nothing there.)

    The first call loads what was kept, or compiles. A damaged file may make it raise anything: then what was kept goes,
    and the next attempt compiles. A full disk makes keeping that fail: the next attempt finds it in memory.
    """
    for _ in range(2 if FOLDER and hasattr(entry, "py_func") else 0):
        try:
            return entry(*args)
        except Exception:
            shutil.rmtree(FOLDER or "", ignore_errors=True)
    return entry(*args)


@contextmanager
def _kept_in(folder: Path | None) -> Iterator[None]:
    """What is compiled inside with `cache=True` is kept there."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder or before)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
