"""How threads and memory are divided, and that the kernels count shared memory as build.py does."""

from __future__ import annotations

import pytest

from sabcore import SABConfig
from sabcore.engine.cuda.build import WARP, make_build

LIMIT = 227 * 1024


def build(H, A=None, dtype="float32", limit=LIMIT, **fields):
    config = SABConfig.paper(input_size=1, hidden_size=H, output_size=1, attention_size=A, k_top=3, **fields)
    return make_build(config, dtype, limit)


@pytest.mark.parametrize(
    ("H", "A", "threads", "lanes"),
    [
        (1, 1, 256, (8, 8)),
        (128, 128, 256, (2, 2)),
        (128, 20, 256, (2, 8)),
        (96, 96, 192, (2, 2)),
        (160, 160, 160, (1, 1)),
        (128, 500, 512, (4, 1)),
        (1000, 1000, 1024, (1, 1)),
    ],
)
def test_a_block_has_a_multiple_of_warps_and_neighbours_by_powers_of_two(H, A, threads, lanes):
    made = build(H, A)
    assert (made.THREADS, (made.UNIT_LANES, made.KEY_LANES)) == (threads, lanes)
    assert made.H % WARP == made.A % WARP == made.THREADS % WARP == 0
    assert made.H * made.UNIT_LANES == made.THREADS >= made.A * made.KEY_LANES


@pytest.mark.parametrize("sizes", [(1025, 1), (32, 300), (2000, 2000)])
def test_what_no_block_can_carry(sizes):
    assert build(*sizes) is None


def test_less_shared_memory_keeps_fewer_weights_and_vectors_must_fit():
    large, small = build(128), build(128, limit=60_000)
    assert large.KEPT_GATES + large.HELD_GATES == 128 // 4 // 2
    assert 0 <= small.KEPT_GATES < large.KEPT_GATES
    assert small.FORWARD_BYTES <= 60_000
    assert build(128, limit=5_000) is None


def test_options_name_every_constant():
    made = build(128)
    assert [option.partition("=")[0] for option in made.options] == [f"-D{name}" for name in made._fields]
