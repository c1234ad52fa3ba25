"""Sparsifiers on given scores: order, ties, consequences the spec names, and gradients by the complex step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sabcore import SABConfig
from sabcore.step.recall import gather
from sabcore.step.sparsify import Raw, Softmax, Threshold, make_sparsifier, ranking

#: Few distinct values, so that ties are common; multiples of 1/8, so that sums and differences are exact.
tied_scores = arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(1, 3)), elements=st.integers(-4, 4)).map(
    lambda a: a / 8
)


def by_definition(a: np.ndarray) -> list[list[int]]:
    """Each row's slots, the largest score first and the older of two equals first, by Python's own stable sort."""
    return [sorted(range(len(a)), key=lambda j: (-a[j, b], j)) for b in range(a.shape[1])]


@given(tied_scores)
def test_ranking_breaks_ties_towards_the_older_slot(a):
    assert ranking(a).T.tolist() == by_definition(a)


@given(tied_scores, st.integers(1, 5), st.sampled_from([0.0, 0.125, -0.0625, -0.25]))
def test_threshold_selects_all_that_can_have_weight_or_gradient(a, rank, margin):
    rule = Threshold(min(rank, len(a)), margin, eps=1e-7)
    slots = rule.select(a)
    w = np.zeros_like(a)
    np.put_along_axis(w, slots, rule.weights(gather(a, slots)), axis=0)
    theta = np.sort(a, axis=0)[::-1][rule.rank - 1]
    v = np.maximum(0, a - theta - margin)
    np.testing.assert_allclose(w, v / (v.sum(axis=0) + 1e-7), rtol=1e-15)
    if margin >= 0:
        assert len(slots) == rule.rank
        assert ((w > 0).sum(axis=0) < rule.rank).all()


@given(tied_scores, st.integers(1, 5), st.sampled_from([0.0, -0.0625]), st.integers(0, 2**31))
def test_gradient_at_a_tie_is_that_of_the_chosen_order(a, rank, margin, seed):
    rule = Threshold(min(rank, len(a)), margin, eps=0.125)
    a = gather(a, rule.select(a))
    dw = np.random.default_rng(seed).standard_normal((2, *a.shape))
    da = rule.backward(dw, a, rule.weights(a))
    for level, row in np.ndindex(2, len(a)):
        moved = a.astype(complex)
        moved[row] += 1e-30j
        want = (dw[level] * rule.weights(moved).imag).sum(axis=0) / 1e-30
        np.testing.assert_allclose(da[level, row], want, rtol=1e-12, atol=1e-12)


def test_exactly_k_top_plus_1_slots_get_a_score_gradient_under_the_papers_rank():
    a = np.random.default_rng(0).standard_normal((9, 2))
    rule = make_sparsifier(SABConfig.paper(input_size=1, hidden_size=2, output_size=1, k_top=3), N=9)
    rows = gather(a, rule.select(a))
    da = rule.backward(np.random.default_rng(1).standard_normal((1, *rows.shape)), rows, rule.weights(rows))
    assert (np.abs(da) > 0).sum(axis=1).tolist() == [[4, 4]]


@pytest.mark.parametrize(("k_top", "read"), [(1, 0), (2, 1), (5, 4)])
def test_released_code_reads_one_memory_fewer_than_asked(k_top, read):
    rule = make_sparsifier(SABConfig.released(input_size=1, hidden_size=2, output_size=1, k_top=k_top), N=9)
    a = np.random.default_rng(0).standard_normal((9, 4))
    assert (rule.weights(gather(a, rule.select(a))) > 0).sum(axis=0).tolist() == [read] * 4


def test_equal_scores_give_no_weight_or_nearly_uniform_weights():
    a = np.full((6, 2), 0.3)
    assert not Threshold(3, 0.0, 1e-7).weights(gather(a, Threshold(3, 0.0, 1e-7).select(a))).any()
    below = Threshold(3, -1e-7, 1e-7)
    np.testing.assert_allclose(below.weights(gather(a, below.select(a))), 1 / 7, rtol=1e-8)


def test_softmax_of_large_scores_does_not_overflow():
    w = Softmax(temperature=1.0, k_top=None).weights(np.array([[1e4], [1e4 - 1], [-1e4]]))
    np.testing.assert_allclose(w[:, 0], [1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0], rtol=1e-14)


@pytest.mark.parametrize(
    ("fields", "N", "rule"),
    [
        ({"k_top": 3}, 2, Threshold(2, 0.0, 1e-7)),
        ({"k_top": 3}, 9, Threshold(4, 0.0, 1e-7)),
        ({"k_top": 3, "threshold_rank": "k_top"}, 9, Threshold(3, 0.0, 1e-7)),
        ({"k_top": 3, "small_memory": "raw"}, 3, Raw()),
        ({"k_top": 3, "small_memory": "raw"}, 4, Threshold(4, 0.0, 1e-7)),
        ({"k_top": 3, "small_memory": "softmax", "temperature": 2.0}, 3, Softmax(1.0, None)),
        ({"k_top": 3, "sparsifier": "softmax", "temperature": 2.0}, 3, Softmax(2.0, 3)),
        ({"k_top": None, "sparsifier": "softmax"}, 3, Softmax(1.0, None)),
    ],
)
def test_rule_for_a_memory_of_n_slots(fields, N, rule):
    assert make_sparsifier(SABConfig.paper(input_size=1, hidden_size=2, output_size=1, **fields), N) == rule


@pytest.mark.parametrize("margin", [-0.5, -2.0])
def test_a_negative_margin_selects_what_is_within_it_and_not_what_lies_on_its_edge(margin):
    a = np.array([[1.0], [1 + margin], [1 + margin / 2], [1 + 2 * margin]])
    assert Threshold(1, margin, 1e-7).select(a).tolist() == [[0], [2]]


@pytest.mark.parametrize("k_top", [None, 3, 4])
def test_where_all_are_read_nothing_is_ranked(k_top):
    assert Softmax(1.0, k_top).select(np.array([[0.0], [2.0], [1.0]])) is None
