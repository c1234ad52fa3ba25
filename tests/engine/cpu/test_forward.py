"""The forward time loop: block by block, and one row whose scores threads share."""

import numba
import numpy as np
import pytest

from sabcore.engine import cpu, plain
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, make_case, run
from tests.engine.cpu.block import assert_same, make_block, part
from tests.mutants.cpu_build import build_cpu


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core only")
def test_one_row_shared_between_threads() -> None:
    """Enough units that the scores of a step are split from the 32nd slot on."""
    config = SABConfig.paper(input_size=2, hidden_size=8, output_size=2, attention_size=16384, k_top=3, k_trunc=5)
    case = make_case(config, T=60, B=1, dtype="float32", gain=1.0)
    results = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        results.append(run(cpu, config, case)[0])
    for name, value in results[1].items():
        assert value.tobytes() == results[0][name].tobytes(), name


@pytest.mark.parametrize("cut", [None, 2, 4])
def test_a_block_goes_on_where_the_last_call_stopped(cut):
    """Panels of two steps: any chunk that starts with one continues, with padding in the second block."""
    blocks = {}
    for b in (0, 1):
        block = make_block(T=5, b=b, k_top=2, memory_start="zero_state", score="additive")
        y, plan = np.full(block.dy.shape, np.nan), block.plan._replace(P=2)
        every = [array[None] for array in (*block.tape, *block.scratch)]
        tape = type(block.tape)(*every[: len(block.tape)])
        scratch = type(block.scratch)(*every[len(block.tape) :])
        h0, c0 = block.tape.h[0].copy(), block.tape.c[0].copy()
        for lo, hi in [(0, 5)] if cut is None else [(0, cut), (cut, 5)]:
            shifted = plan._replace(B=block.rows.stop - block.rows.start)
            x, rows_y = block.x[:, block.rows].copy(), y[:, block.rows].copy()
            part("forward").forward_block(shifted, block.weights, tape, scratch, x, rows_y, lo, hi, 0)
            y[:, block.rows] = rows_y
        n = block.rows.stop - block.rows.start
        want, record = plain.forward(block.config, block.params, block.x[:, block.rows], h0[:n], c0[:n])
        blocks[b] = ({"y": y[:, block.rows], "h": block.tape.h[1:, :n]}, {"y": want, "h": record.h})
    for got, expected in blocks.values():
        assert_same(got, expected, 1e-11)


@pytest.mark.parametrize("share", [1, 7, 10**6])
def test_shares_of_scores_make_up_the_whole(share):
    """One row, its scores dealt out in shares of which the last is short."""
    engine = build_cpu()
    engine.forward_one_row.__globals__["SHARE_TERMS"] = share
    config = SABConfig.paper(**SIZES, k_top=2, k_trunc=3)
    case = make_case(config, T=9, B=1)
    assert_same(run(engine, config, case)[0], run(plain, config, case)[0], 1e-11)
