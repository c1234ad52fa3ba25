"""Reading: the sum over selected slots, and a backward that is the complex step with the selection held."""

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.step.recall import gather, recall, recall_backward, scatter_add
from sabcore.step.score import AdditiveScore
from sabcore.step.sparsify import make_sparsifier
from tests.step.vjp import normal, vjp

N, B, H, A, LEVELS = 6, 2, 3, 4, 2
RULES = {
    "threshold": {"k_top": 2},
    "margin below": {"k_top": 2, "margin": -0.4, "eps": 0.1},
    "softmax of all": {"k_top": None, "sparsifier": "softmax"},
    "softmax of some": {"k_top": 3, "sparsifier": "softmax", "temperature": 0.7},
    "raw": {"k_top": 9, "small_memory": "raw"},
}
WEIGHTS = {"W_m": (A, H), "W_q": (A, H), "w_a": (A,)}


def make(fields, seed=0):
    config = SABConfig.paper(input_size=1, hidden_size=H, output_size=1, **fields)
    given = normal(seed, hhat=(B, H), M=(N, B, H), **WEIGHTS)
    return make_sparsifier(config, N), given, AdditiveScore(*(given[name] for name in WEIGHTS))


@pytest.mark.parametrize("rule", RULES)
def test_the_summary_is_the_weighted_sum_of_the_selected_states(rule):
    sparsifier, given, score = make(RULES[rule])
    s, cache = recall(given["hhat"], given["M"], score.key(given["M"]), score, sparsifier)
    a = score.score(score.key(given["M"]), score.query(given["hhat"]))
    slots = sparsifier.select(a)
    w = sparsifier.weights(gather(a, slots))
    for row in range(B):
        chosen = range(N) if slots is None else slots[:, row]
        want = sum(w[r, row] * given["M"][j, row] for r, j in enumerate(chosen))
        np.testing.assert_allclose(s[row], want, rtol=1e-13, atol=1e-14)
    assert (cache.slots is None) == (cache.a is None) == (slots is None)
    assert s.any()


@pytest.mark.parametrize("rule", RULES)
def test_the_backward_is_the_complex_step_of_the_forward(rule):
    sparsifier, given, score = make(RULES[rule], seed=1)
    ds = normal(2, ds=(LEVELS, B, H))["ds"]

    def read(hhat, M, W_m, W_q, w_a):
        moved = AdditiveScore(W_m, W_q, w_a)
        return recall(hhat, M, moved.key(M), moved, sparsifier)[0]

    K = score.key(given["M"])
    cache = recall(given["hhat"], given["M"], K, score, sparsifier)[1]
    found = recall_backward(ds, given["hhat"], given["M"], K, cache, score, sparsifier)
    dM, dK = np.zeros((N, B, H)), np.zeros((N, B, A))
    scatter_add(dM, cache.slots, found.dm)
    scatter_add(dK, cache.slots, found.dk)
    got = found.dweights | score.weights_backward(dK, given["M"], found.dq.sum(axis=0)[None], given["hhat"][None])
    got |= {"M": dM + score.key_backward(dK, given["M"])}
    got |= {"hhat": score.query_backward(found.dq, given["hhat"]).sum(axis=0)}
    assert failures(compare(got, vjp(read, given, ds.sum(axis=0)), 1e-12)) == []


def test_gather_and_scatter_take_each_rows_own_slots():
    memory = np.arange(12.0).reshape(3, 2, 2)
    slots = np.array([[2, 0], [0, 1]])
    np.testing.assert_array_equal(gather(memory, slots), [[[8, 9], [2, 3]], [[0, 1], [6, 7]]])
    assert gather(memory, None) is memory
    total = np.ones((3, 2))
    scatter_add(total, slots, np.array([[10.0, 20.0], [30.0, 40.0]]))
    np.testing.assert_array_equal(total, [[31, 21], [1, 41], [11, 1]])
    scatter_add(total, None, np.ones((3, 2)))
    np.testing.assert_array_equal(total, [[32, 22], [2, 42], [12, 2]])
