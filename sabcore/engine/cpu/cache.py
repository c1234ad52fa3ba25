"""Where compiled code is kept from one process to the next: in a folder named by the digest of the sources.

Numba takes what it kept for good as long as the file of the function that Python calls is unchanged. What that function
calls stands in other files; in a folder of their common digest, code of other sources is never found.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache

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
    """Where a folder may be made: in NUMBA_CACHE_DIR alone if it is set, else in the home, else beside the sources.

    What lies beside the sources outlives an uninstallation, and hides an editable installation that follows it.
    """
    if numba.config.CACHE_DIR:
        return [Path(numba.config.CACHE_DIR)]
    found = []
    with suppress(RuntimeError):  # no home
        found.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sabcore")
    return [*found, _ENGINE / "__pycache__"]


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
#: For so many seconds no process has used a folder that may go; whoever still wanted it compiles for a minute.
UNUSED = 7 * 86400.0


def sweep(folder: Path) -> None:
    """Mark `folder` as used now, and remove those beside it, of other sources, that have not been used for long."""
    with suppress(OSError):
        os.utime(folder)
        for other in folder.parent.iterdir():
            ours = re.fullmatch(r"cpu-[0-9a-f]{16}", other.name) and stat.S_ISDIR(other.lstat().st_mode)
            if ours and time.time() - other.lstat().st_mtime > UNUSED:
                shutil.rmtree(other, ignore_errors=True)


if FOLDER:
    sweep(FOLDER)


def compile_entry(function: Callable[..., Any], folder: Path | None, **options: Any) -> Any:
    """`numba.njit` with these options for a function that Python calls, kept in `folder` with all that it calls."""
    with _kept_in(folder):
        entry = numba.njit(**options)(function)
        if folder:
            entry._cache = _Kept(function)  # as `enable_caching` does, which njit(cache=True) calls
    if folder and folder not in Path(entry.stats.cache_path).parents:  # NUMBA_CACHE_LOCATOR_CLASSES put it elsewhere
        return numba.njit(**options)(function)
    return entry


class _Kept(FunctionCache):
    """Numba's cache of one function, whatever the state of its files: errors of the function itself are not met here.

    A damaged file may make loading raise anything: then what was kept of this function goes, and it is compiled. A full
    disk makes keeping fail: it stays in memory.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code that was kept, or None."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code, if that can be."""
        with suppress(Exception):
            super().save_overload(sig, data)


@contextmanager
def _kept_in(folder: Path | None) -> Iterator[None]:
    """A cache that is made inside keeps there what is compiled."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder or before)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
