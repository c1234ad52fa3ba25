"""The kernels on the CPU: the unchanged .cu files, compiled by g++ with `emulation/cuda.h`, run as a program."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sabcore.engine.cuda.build import Build
from sabcore.engine.cuda.records import as_struct
from sabcore.engine.cuda.source import source

HERE = Path(__file__).parent / "emulation"
KERNELS = "forward backward topk".split()
#: Threads of a block: two warps, so that blocks' barriers and warps' differ, and no more, so that it is quick.
THREADS = 64
SHARED_BYTES = 227 * 1024
COMPILER = shutil.which("g++")


class CrashError(Exception):
    """An emulated kernel did not end well; what it had to say."""


def compiled(build: Build | None, sanitizer: str = "", text: str | None = None) -> Path:
    """The program for a build, made once for a text and a sanitizer of g++'s."""
    if COMPILER is None:
        pytest.skip("no g++ to compile the kernels with")
    return _compiled(build, sanitizer, source() if text is None else text)


@functools.cache
def _folder() -> Path:
    """Where programs are kept from run to run, until `pytest --cache-clear`."""
    folder = Path(__file__).parents[3] / ".pytest_cache" / "d" / "emulation"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def _compiled(build: Build, sanitizer: str, text: str) -> Path:
    whole = f'#include "cuda.h"\n{text}\n#line 1 "main.cpp"\n' + (HERE / "main.cpp").read_text()
    flags = ["-std=c++17", "-O1", "-g1", f"-I{HERE}", "-pthread", "-Wall", "-Wno-unknown-pragmas", *build.options]
    flags += [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"] if sanitizer else []
    digest = hashlib.sha256(repr((whole, flags, (HERE / "cuda.h").read_text())).encode()).hexdigest()[:20]
    program = _folder() / digest
    if not program.exists():
        made = program.with_suffix(f".{os.getpid()}")
        command = [str(COMPILER), *flags, "-x", "c++", "-", "-o", str(made)]
        done = subprocess.run(command, input=whole, text=True, capture_output=True, cwd=HERE)
        assert done.returncode == 0, done.stderr[:4000]
        made.replace(program)
    return program


def run(program: Path, name: str, blocks: int, threads: int, shared_bytes: int, args: Any, env: Any = None) -> str:
    """Run a kernel on NumPy arrays, which it changes; returns what the program said.

    Raises:
        CrashError: with the same, if it did not end well.
    """
    arrays = list(
        {id(a): a for arg in args for a in (arg if isinstance(arg, tuple) else [arg]) if _is_array(a)}.values()
    )
    head = [KERNELS.index(name), blocks, threads, shared_bytes, len(arrays)]
    request = [np.array(head, np.int64).tobytes()]
    for array in arrays:
        assert array.flags.c_contiguous
        request += [np.int64(array.nbytes).tobytes(), array.tobytes()]
    for arg in args:
        request += [_argument(arg, arrays)]
    with tempfile.TemporaryDirectory() as folder:
        ask, answer = Path(folder, "request"), Path(folder, "answer")
        ask.write_bytes(b"".join(request))
        done = subprocess.run(
            [program, ask, answer], capture_output=True, text=True, env={**os.environ, **(env or {})}, timeout=300
        )
        said = done.stdout + done.stderr
        if done.returncode:
            raise CrashError(said or f"exit status {done.returncode}")
        data, at = answer.read_bytes(), 0
    for array in arrays:
        array[...] = np.frombuffer(data[at : at + array.nbytes], array.dtype).reshape(array.shape)
        at += array.nbytes
    return said


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def _argument(arg: Any, arrays: list[np.ndarray]) -> bytes:
    """Its size, its bytes, and which of these are arrays' addresses."""
    struct: Any = np.uint64(0) if arg is None or _is_array(arg) else arg
    places = {0: arg}
    if isinstance(arg, tuple):
        struct = as_struct(arg)
        offsets = (struct.dtype.fields[name][1] for name in struct.dtype.names)
        places = dict(zip(offsets, arg, strict=True))
    patches = [(at, i) for at, value in places.items() for i, array in enumerate(arrays) if value is array]
    numbers = np.array([len(patches), *(n for patch in patches for n in patch)], np.int64)
    return np.int64(struct.nbytes).tobytes() + struct.tobytes() + numbers.tobytes()
