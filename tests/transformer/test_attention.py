"""Causal attention: one number at a time, its complex step, causality, and memory that grows with T alone."""

import math
import tracemalloc

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.transformer import attention as module
from sabcore.transformer.attention import attention, attention_backward, attention_weights, join_heads, split_heads
from tests.step.vjp import normal, vjp
from tests.transformer.cases import all_complex

T, B, n, E = 5, 2, 3, 2
H = n * E
SHAPES = {"x": (T, B, H), "W_q": (H, H), "W_k": (H, H), "W_v": (H, H), "W_o": (H, H)}


@pytest.fixture(params=[1, 2, 128], autouse=True)
def rows(request, monkeypatch):
    """Reading steps at a time: one by one, in parts with a rest, all at once."""
    monkeypatch.setattr(module, "ROWS", request.param)


def test_the_equations_one_number_at_a_time():
    given = normal(0, **SHAPES)
    y, _ = attention(**given, heads=n)
    want = np.zeros((T, B, H))
    for b, head, t in np.ndindex(B, n, T):
        own = slice(head * E, (head + 1) * E)
        q, k, v = (given["x"][:, b] @ given[name][own].T for name in ("W_q", "W_k", "W_v"))
        e = [math.exp(sum(q[t] * k[j]) / math.sqrt(E)) for j in range(t + 1)]
        s = sum(e[j] / sum(e) * v[j] for j in range(t + 1))
        want[t, b] += given["W_o"][:, own] @ s
    np.testing.assert_allclose(y, want, rtol=0, atol=1e-12 * abs(want).max())


def test_the_backward_is_the_complex_step_of_the_forward():
    given, dy = normal(1, **SHAPES), normal(2, dy=(T, B, H))["dy"]
    want = vjp(lambda **moved: attention(**all_complex(moved), heads=n)[0], given, dy)
    weights = {name: value for name, value in given.items() if name != "x"}
    dx, grads = attention_backward(dy, attention(**given, heads=n)[1], **weights)
    assert failures(compare({"x": dx, **grads}, want, 1e-12)) == []


def test_no_step_reads_a_later_one():
    given = normal(3, **SHAPES)
    later = {**given, "x": given["x"].copy()}
    later["x"][3:] = 1e3
    y, moved = attention(**given, heads=n)[0], attention(**later, heads=n)[0]
    np.testing.assert_allclose(y[:3], moved[:3], rtol=1e-12)
    assert (abs(y[3:] - moved[3:]) > 1).any(axis=-1).all()


def test_large_scores_neither_overflow_nor_vanish_beside_larger_ones_to_come():
    q = np.full((1, 1, 3, 1), 1e3)
    k = np.array([1.0, 1.0, 1e3]).reshape(1, 1, 3, 1)
    with np.errstate(over="raise", invalid="raise"):
        w = attention_weights(q, k, 0, 3)
    np.testing.assert_array_equal(w[0, 0], [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]])


def test_heads_come_apart_and_together_again():
    x = np.arange(T * B * H).reshape(T, B, H)
    heads = split_heads(x, n)
    assert heads.shape == (B, n, T, E)
    assert heads[1, 2, 3, 1] == x[3, 1, 2 * E + 1]
    np.testing.assert_array_equal(join_heads(heads), x)


def peak(steps):
    given = normal(4, **{**SHAPES, "x": (steps, B, H)})
    weights = {name: value for name, value in given.items() if name != "x"}
    tracemalloc.start()
    y, cache = attention(**given, heads=n)
    attention_backward(y, cache, **weights)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_memory_grows_with_the_steps_and_not_with_their_square(rows):
    if module.ROWS < 128:
        pytest.skip("the size of a part matters to the largest alone")
    once, twice, four_times = peak(400), peak(800), peak(1600)
    assert four_times - twice < 2.1 * (twice - once)
