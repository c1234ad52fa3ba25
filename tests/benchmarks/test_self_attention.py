"""Full self-attention's memory grows with T and not with its square: seen here in small, and in the record."""

import json
import tracemalloc

from sabcore import backward, forward
from sabcore.benchmarks.self_attention import CONFIG, LENGTHS, RECORD, B
from sabcore.benchmarks.workload import make_workload
from sabcore.engine.cpu.plan import make_plan
from sabcore.engine.cpu.tape import CPUTape


def is_linear(once: float, twice: float, four_times: float) -> bool:
    """Whether the second doubling of T adds twice what the first did; it would add four times with the square."""
    return twice > once and four_times - twice < 2.2 * (twice - once)


def peak(T: int) -> int:
    """Bytes of one forward and backward pass of the plain engine."""
    w = make_workload(CONFIG, T, B)
    tracemalloc.start()
    _, tape = forward(CONFIG, w.params, w.x, engine="plain")
    backward(CONFIG, w.params, tape, w.dy)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_the_check_tells_a_square_from_a_line():
    assert is_linear(1 + 2, 1 + 4, 1 + 8)
    assert not is_linear(1 + 2, 1 + 8, 1 + 32)


def test_the_plain_engines_peak_grows_with_T():
    assert is_linear(peak(75), peak(150), peak(300))


def test_the_cpu_engines_tape_grows_with_T():
    sizes = []
    for T in (1000, 2000, 4000):
        x = make_workload(CONFIG, T, B).x
        sizes.append(CPUTape(make_plan(CONFIG, T, B, x.dtype), x, recompute=False).nbytes)
    assert is_linear(*sizes)


def test_the_record_trains_at_5000_in_memory_that_grows_with_T():
    rows = json.loads(RECORD.read_text())["rows"]
    assert tuple(row["T"] for row in rows) == LENGTHS == (625, 1250, 2500, 5000)
    assert all(row["finite"] is True and min(row["seconds"]) > 0 for row in rows)
    assert is_linear(*(row["peak"] for row in rows[1:]))
    weights_of_all_pairs = 4 * B * LENGTHS[-1] ** 2
    assert rows[-1]["peak"] < weights_of_all_pairs / 4
