"""What must hold around compiled code: interruptions, forks, and no compiler at all."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sabcore.engine import cpu
from sabcore.engine.cpu import jit
from sabcore.engine.cpu.jit import compiled_code, over_blocks
from sabcore.engine.results import by_name
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, make_case, run


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
def test_two_interrupts_leave_the_next_pass_alone(monkeypatch) -> None:
    """The second ends the wait for threads that still write: their buffers must not be handed out meanwhile."""
    monkeypatch.setattr("sabcore.engine.cpu.jit.get_num_threads", lambda: 2)
    config = SABConfig.paper(**SIZES, k_top=2, k_trunc=3)
    case = params, x, h0, c0, dy = make_case(config, T=20, B=4)
    want, tape = run(cpu, config, case)
    del tape
    gc.collect()
    both_started, go_on, written = threading.Barrier(3), threading.Event(), threading.Event()

    def slow(plan, weights, tape, work, x, y, lo, hi, b) -> None:
        both_started.wait(60)
        go_on.wait(600)  # longer than a first compilation
        tape.h[b], tape.gates[b] = np.nan, np.nan
        written.set()

    def press_twice() -> None:
        both_started.wait(60)
        for _ in range(2):
            time.sleep(0.3)  # until the main thread waits for the two
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(cpu, "forward_block", slow)
        threading.Thread(target=press_twice).start()
        with pytest.raises(KeyboardInterrupt):
            cpu.forward(config, params, x, h0, c0)
    time.sleep(0.3)
    gc.collect()
    y, tape = cpu.forward(config, params, x, h0, c0)
    assert not written.is_set()
    go_on.set()
    assert written.wait(60)
    time.sleep(0.2)
    got = by_name(y, tape, cpu.backward(config, params, tape, dy))
    for name, value in want.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_blocks_not_begun_are_dropped_when_one_fails(monkeypatch) -> None:
    monkeypatch.setattr("sabcore.engine.cpu.jit.get_num_threads", lambda: 2)
    begun = []

    def fail(b: int) -> None:
        begun.append(b)
        time.sleep(0.01)
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        over_blocks(1000, fail)
    assert len(begun) < 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("held", ["compiled_code()", "jit._one_at_a_time"])
def test_a_child_forked_while_another_thread_computes(held: str) -> None:
    """It neither waits for that thread for ever nor keeps the limit on BLAS that the thread has set; nor does it wait
    for one that has the lock and is not inside yet, or no more."""
    done = subprocess.run(
        [sys.executable, "-c", FORK.replace("HELD", held)], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (0, "the child computed the same\n"), done.stderr


FORK = """
import os, signal, sys, threading, warnings
import numpy as np
from threadpoolctl import threadpool_info
from sabcore.engine import cpu
from sabcore.engine.cpu import jit
from sabcore.engine.cpu.pool import POOL
from sabcore.engine.cpu.jit import compiled_code
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params

warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12 on: there are threads, and that is the point
config = SABConfig.lstm(input_size=2, hidden_size=3, output_size=1)
params, x, state = init_params(config, 0, "float64"), np.ones((5, 4, 2)), np.zeros((4, 3))
blas = lambda: [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
want, unlimited = cpu.forward(config, params, x, state, state)[0], blas()
inside, leave = threading.Event(), threading.Event()

def compute():
    with HELD, POOL._lock:
        inside.set()
        leave.wait()

threading.Thread(target=compute).start()
inside.wait()
if not (child := os.fork()):
    signal.alarm(60)
    y = cpu.forward(config, params, x, state, state)[0]
    os._exit(0 if (y == want).all() and blas() == unlimited else 1)
_, status = os.waitpid(child, 0)
leave.set()
if status:
    sys.exit(f"the child ended with status {status}")
y = cpu.forward(config, params, x, state, state)[0]
print("the child computed the same" if (y == want).all() else "the parent went wrong")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_another_thread_compiles_says_that_it_cannot_compute() -> None:
    """Instead of waiting for that thread for ever; the parent goes on."""
    done = subprocess.run([sys.executable, "-c", FORK_IN_COMPILATION], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert "this process was forked while Numba was compiling" in done.stderr


FORK_IN_COMPILATION = """
import os, signal, sys, threading, warnings
import numba
from numba.core.compiler_lock import global_compiler_lock
from sabcore.engine.cpu.jit import compiled_code
from sabcore.errors import DeviceError

warnings.simplefilter("ignore", DeprecationWarning)
inside, leave = threading.Event(), threading.Event()

def compute():
    with compiled_code(), global_compiler_lock:
        inside.set()
        leave.wait()

threading.Thread(target=compute).start()
inside.wait()
if not (child := os.fork()):
    signal.alarm(60)
    try:
        with compiled_code():
            numba.njit(lambda: 2)()
    except DeviceError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(0)
    os._exit(1)
_, status = os.waitpid(child, 0)
leave.set()
with compiled_code():
    print(numba.njit(lambda: 3)() if status == 0 else f"the child ended with status {status}")
"""


def test_a_compilation_that_began_before_the_import_may_end() -> None:
    jit._COMPILING.on_end(None)
    assert jit._COMPILING.threads == []


def test_blas_is_limited_only_while_a_caller_is_known(monkeypatch) -> None:
    """A fork at any moment finds in `_callers` what the child has to undo."""
    known = []

    class Limit:
        def __init__(self, **_: Any) -> None:
            known.append(len(jit._callers))

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: Any) -> None:
            known.append(len(jit._callers))

    monkeypatch.setattr(jit, "_libraries", SimpleNamespace(limit=Limit))
    with compiled_code():
        pass
    assert known == [1, 1]
    assert jit._callers == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_by_the_computing_thread_itself_changes_nothing_for_it() -> None:
    """In a process of its own: libraries that other tests have loaded run threads that no fork may meet."""
    done = subprocess.run([sys.executable, "-c", FORK_INSIDE], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr


FORK_INSIDE = """
import os, signal
from sabcore.engine.cpu.jit import compiled_code

with compiled_code():
    if not (child := os.fork()):
        signal.alarm(60)
        with compiled_code():
            pass
if not child:  # it has left what its thread was inside of
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_without_a_compiler_the_engine_still_works() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", INTERPRETED], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "equal\n"), done.stderr


INTERPRETED = """
import numpy as np
import sabcore
from sabcore import SABConfig, backward, forward, init_params
from sabcore.engine import attention
from tests.cases import CASES, random_inputs

def results(config, params, inputs, engine):
    y, tape = forward(config, params, inputs.x, h0=inputs.h0, c0=inputs.c0, engine=engine)
    table = {"w": attention(config, params, tape)} if config.has_memory else {}
    return {"y": y} | table | backward(config, params, tape, inputs.dy)

for case in CASES[:5]:
    config = case.config
    params, inputs = init_params(config, dtype="float64"), random_inputs(config, seed=1, T=5)
    got, want = (results(config, params, inputs, engine) for engine in ("cpu", "plain"))
    for name, value in want.items():
        assert np.abs(got[name] - value).max() <= 1e-10 * max(1e-3, np.abs(value).max()), (case, name)
assert sabcore.topk(np.array([1.0, 3.0, 2.0]), 2)[0].tolist() == [1, 2]
print("equal")
"""
