"""Lost units: found where a clamped key is answered by an opposite query, and there computed from the memory."""

import numpy as np
import pytest

from tests.engine.cpu.block import assert_same, normal, part

A, H = 6, 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_unit_is_lost_only_beyond_both_limits_and_with_opposite_signs(dtype):
    lost, like = part("lost"), np.zeros(1, dtype)
    limit, reach = lost.largest_key(like), lost.query_limit(like)
    beyond = like.dtype.type(1.01) * reach
    assert lost.is_lost(limit, -beyond, limit, reach)
    assert lost.is_lost(-limit, beyond, limit, reach)
    for gk, q in ((limit, beyond), (-limit, -beyond), (limit, -reach), (limit / 2, -beyond), (limit, 0), (0, -beyond)):
        assert not lost.is_lost(gk, q, limit, reach)
    assert 1 - np.tanh(lost.key_limit(like) - reach) <= np.finfo(dtype).eps / 2  # within reach, nothing is lost
    assert np.isfinite(limit * limit)


def test_what_lost_units_lack_is_added_and_their_slopes_are_restored():
    """Units 0 and 1 are lost, 2 is large and moderate enough, the others are small."""
    lost, additive = part("lost"), part("additive")
    W_m, m, w_a = normal(0, A, H), normal(1, H), normal(2, A)
    k = np.array([400.0, -300.0, 140.0, 0.3, -0.2, 0.1])
    W_m += np.outer(k - W_m @ m, m) / (m @ m)  # so that W_m m = k
    q = np.array([-399.0, 300.4, -139.0, 0.5, 0.4, -0.3])
    gk, (tq, sq, w_sq, rise, fall) = k.copy(), np.zeros((5, A))
    additive.make_far_key(gk)
    additive.make_query(q, w_a, tq, sq, w_sq)
    additive.make_halves(tq, sq, rise, fall)
    e, slope = np.zeros(A), np.zeros(A)
    additive.slopes_far(w_sq, tq, sq, rise, fall, gk, e, slope)
    without = w_a @ tq + additive.score_far(w_sq, rise, fall, gk)
    want = w_a @ np.tanh(k + q)
    assert abs(without - want) > 0.1  # the two are lost indeed
    got = without + lost.lost_part(W_m, w_a, m, gk, q, tq, sq, rise, fall)
    lost.restore_slopes(W_m, w_a, m, gk, q, e, slope)
    exact = np.tanh(k + q)
    assert_same(
        {"a": np.asarray(got), "e": e, "slope": slope},
        {"a": np.asarray(want), "e": exact, "slope": w_a * (1 - exact**2)},
        1e-12,  # k + q rounds at 400, to 1e-13 of 1
    )
