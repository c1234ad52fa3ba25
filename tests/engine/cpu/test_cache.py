"""Compiled once: a second process finds the code on disk, unless a source file has changed or the disk says no."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.errors import TypingError

import sabcore
from sabcore.engine.cpu import cache
from sabcore.engine.cpu.attention import _fill
from sabcore.engine.cpu.backward import backward_block
from sabcore.engine.cpu.forward import forward_block, forward_one_row
from sabcore.engine.cpu.topk import _rank_rows

ROOT = Path(sabcore.__file__).parents[1]
ENGINE = """
import numpy as np
from sabcore.model.config import SABConfig
from sabcore.engine import cpu
from sabcore.model.params import init_params
config = SABConfig.lstm(input_size=2, hidden_size=3, output_size=1)
state = np.zeros((1, 3))
cpu.forward(config, init_params(config, 0, "float64"), np.zeros((2, 1, 2)), state, state)
"""


def run(program: str, *, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
    everything = os.environ | {"PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", program], env=everything, cwd=cwd, capture_output=True, text=True)


def test_a_second_process_does_not_compile(tmp_path: Path) -> None:
    notices = []
    for _ in range(2):
        done = run(ENGINE, NUMBA_CACHE_DIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        notices.append(done.stderr)
    assert notices[0].count("compiling the CPU engine, once") == 1
    assert notices[1] == ""
    assert [place.name for place in tmp_path.iterdir()] == [f"cpu-{cache.digest(cache.sources())}"]


def functions_of(entry: Any, found: set[Any]) -> set[Any]:
    """The compiled function `entry`, and all that it can reach by name."""
    if entry not in found:
        found.add(entry)
        for name in entry.py_func.__code__.co_names:
            other = entry.py_func.__globals__.get(name)
            if hasattr(other, "py_func"):
                functions_of(other, found)
    return found


def test_the_digest_is_of_every_file_that_compiled_functions_stand_in() -> None:
    found: set[Any] = set()
    for entry in (forward_block, forward_one_row, backward_block, _fill, _rank_rows):
        functions_of(entry, found)
    files = {Path(function.py_func.__code__.co_filename) for function in found}
    assert len(found) > 40
    assert len(files) > 10
    assert files <= set(cache.sources())


def test_the_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("a"), other.write_text("b")
    first = cache.digest([one, other])
    assert cache.digest([one, other]) == first
    one.write_text("b"), other.write_text("a")
    assert cache.digest([one, other]) != first
    assert cache.digest([one]) != first


#: An engine of two files, which compiles in a second.
ENTRY = """
import sys
from pathlib import Path
from sabcore.engine.cpu import cache
import inner
here = Path(__file__).parent
cache.FOLDER = cache.writable([Path(sys.argv[1]) / cache.digest([here / "inner.py", here / "entry.py"])])
def square(x):
    return inner.half(x) * inner.half(x) * 4.0
entry = cache.compile_entry(square, cache.FOLDER)
print(entry(3.0), sum(entry.stats.cache_hits.values()))
"""
INNER = """
import numba
@numba.njit
def half(x):
    return x / 2.0
"""


@pytest.fixture
def small(tmp_path: Path):
    """Runs the small engine in a process of its own: what it computed, and how often it found compiled code."""
    (tmp_path / "entry.py").write_text(ENTRY)
    (tmp_path / "inner.py").write_text(INNER)

    def result(folder: Path = tmp_path / "kept") -> str:
        done = run(f"import sys; sys.argv = ['', {str(folder)!r}]; import entry", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return result


def test_code_of_an_inner_file_that_has_changed_is_not_found(small, tmp_path: Path) -> None:
    """Same length, same date: nothing but its contents tells."""
    assert small() == "9.0 0\n"
    assert small() == "9.0 1\n"
    inner = tmp_path / "inner.py"
    date = inner.stat()
    inner.write_text(INNER.replace("2.0", "4.0"))
    os.utime(inner, ns=(date.st_atime_ns, date.st_mtime_ns))
    assert small() == "2.25 0\n"
    inner.write_text(INNER)
    assert small() == "9.0 1\n"


@pytest.mark.parametrize("damage", ["empty", "half", "zeros", "other"])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_damaged_file_is_replaced(small, tmp_path: Path, damage: str, suffix: str) -> None:
    small()
    (file,) = (tmp_path / "kept").rglob(f"*{suffix}")
    data = file.read_bytes()
    half = len(data) // 2
    file.write_bytes({"empty": b"", "half": data[:half], "zeros": bytes(len(data)), "other": b"not code"}[damage])
    assert small() == "9.0 0\n"
    assert small() == "9.0 1\n"


def test_what_cannot_be_kept_is_compiled_all_the_same(small, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert small(tmp_path / "file" / "below") == "9.0 0\n"


def test_a_disk_that_fills_up_while_code_is_kept(monkeypatch, tmp_path: Path) -> None:
    def thrice(x: float) -> float:
        return 3 * x

    entry = cache.compile_entry(thrice, tmp_path)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.os.replace", full)
    assert entry(2.0) == 6
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("argument", [0, "a text"])
def test_errors_of_the_function_itself_come_through_and_cost_nobody_the_cache(tmp_path: Path, argument: Any) -> None:
    """It runs once, so that what it has added to a sum is there once."""
    runs = np.zeros(1)

    def fail(x: Any, runs: np.ndarray) -> float:
        runs[0] += 1
        if x + 1 < 100:
            raise ZeroDivisionError("on purpose")
        return 1.0

    entry = cache.compile_entry(fail, tmp_path)
    assert entry(100, runs) == 1.0
    before = sorted(file for file in tmp_path.rglob("*") if file.is_file())
    assert len(before) == 2
    with pytest.raises(ZeroDivisionError if argument == 0 else TypingError):
        entry(argument, runs)
    assert sorted(file for file in tmp_path.rglob("*") if file.is_file()) == before
    assert runs[0] == (2 if argument == 0 else 1)


def test_only_folders_of_other_sources_that_nobody_uses_are_swept(tmp_path: Path) -> None:
    old, other, new, ours = (tmp_path / f"cpu-{letter * 16}" for letter in "abcd")
    foreign = [tmp_path / "cpu-mine", tmp_path / f"cpu-{'a' * 16}.bak"]
    for folder in (old, new, ours, *foreign):
        (folder / "below").mkdir(parents=True)
    other.symlink_to(foreign[0])
    long_ago = time.time() - cache.UNUSED - 60
    for path in (old, other, ours, *foreign):
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    cache.sweep(ours)
    assert sorted(tmp_path.iterdir()) == sorted([other, new, ours, *foreign])
    assert (foreign[0] / "below").is_dir()
    assert time.time() - ours.stat().st_mtime < 60


def test_with_no_place_at_all_the_engine_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    program = "import numpy, sabcore; print(sabcore.topk(numpy.array([1.0, 3.0]), 1)[0])"
    done = run(program, NUMBA_CACHE_DIR=str(tmp_path / "file" / "below"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1]\n", "")


def test_places_in_their_order(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache.numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.candidates() == [tmp_path / "sabcore", ROOT / "sabcore/engine/cpu/__pycache__"]
    (tmp_path / "file").touch()
    wanted = tmp_path / "a" / "b"
    assert cache.writable([tmp_path / "file" / "below", wanted, tmp_path]) == wanted
    monkeypatch.setattr(cache.numba.config, "CACHE_DIR", "/named")
    assert cache.candidates() == [Path("/named")]
