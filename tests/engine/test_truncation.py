"""How far a gradient injected at one step comes, counted in edges, by walking it back through the policy alone."""

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.engine.truncation import cuts, make_truncation

T = 9
SIZES = {"input_size": 1, "hidden_size": 1, "output_size": 1, "k_top": 1}


def reach(level: str, start: int, **fields) -> int:
    """How many recurrent edges a gradient crosses that is injected at step `start`, on the losses' or slots' level."""
    truncation = make_truncation(SABConfig.paper(**SIZES, **fields), T)
    d = np.zeros((truncation.levels, 1, 1))
    d[getattr(truncation, f"{level}_level")] = 1.0
    for t in range(start, 1, -1):
        before, d = d.copy(), truncation.carry(t, d)
        assert d is not before
        assert d.sum() in (0, 1)  # nothing is doubled
        if not d.any():
            return start - t
    return start - 1


@pytest.mark.parametrize("offset", [0, 1, 2, 4])
@pytest.mark.parametrize("start", range(1, T + 1))
def test_a_segment_ends_where_the_spec_says(start, offset):
    """Before step t > 1 the state is detached when (t - 1 + segment_offset) mod k_trunc is 0."""
    cuts = [t for t in range(2, start + 1) if (t - 1 + offset) % 3 == 0]
    want = start - max(cuts, default=1)
    for level in ("loss", "slot"):
        assert reach(level, start, k_trunc=3, segment_offset=offset) == want


@pytest.mark.parametrize("start", [1, 4, T])
def test_without_k_trunc_nothing_is_cut(start):
    assert reach("loss", start) == reach("slot", start) == start - 1
    assert reach("loss", start, truncation="sliding") == reach("slot", start, truncation="sliding") == start - 1


@pytest.mark.parametrize("start", [1, 2, 5, T])
@pytest.mark.parametrize(
    ("k_trunc", "k_remind"),
    [
        (1, None),
        (3, None),
        (3, 1),
        (2, 5),
        (4, 2),
        (None, 1),
        (None, 3),
        (3, T),
        (T, 3),
        (T - 1, None),
        (50, 2),
        (2, 50),
    ],
)
def test_a_window_slides_with_the_gradient(start, k_trunc, k_remind):
    """A loss's gradient crosses k_trunc - 1 edges, a reminded state's k_remind - 1; null is as k_trunc, or no limit."""
    slot = k_trunc if k_remind is None else k_remind
    fields = {"truncation": "sliding", "k_trunc": k_trunc, "k_remind": k_remind}
    for level, budget in (("loss", k_trunc), ("slot", slot)):
        assert reach(level, start, **fields) == min(start - 1, T if budget is None else budget - 1)


def test_levels_are_as_few_as_can_be():
    def levels(**fields):
        return make_truncation(SABConfig.paper(**SIZES, **fields), T).levels

    assert levels(k_trunc=3) == levels(truncation="sliding") == levels(truncation="sliding", k_trunc=T) == 1
    assert levels(truncation="sliding", k_trunc=3) == 3
    assert levels(truncation="sliding", k_trunc=3, k_remind=5) == 5
    assert levels(truncation="sliding", k_trunc=None, k_remind=2) == 3


def test_levels_do_not_mix():
    truncation = make_truncation(SABConfig.paper(**SIZES, truncation="sliding", k_trunc=None, k_remind=3), T)
    d = np.arange(1.0, 5.0).reshape(4, 1, 1)
    kept = d.copy()
    np.testing.assert_array_equal(truncation.carry(5, d).ravel(), [2, 3, 0, 4])
    np.testing.assert_array_equal(d, kept)


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_the_edge_into_the_initial_state_is_never_cut(offset):
    assert [cuts(t, 3, offset) for t in range(1, 7)] == [t > 1 and (t - 1 + offset) % 3 == 0 for t in range(1, 7)]
    assert not cuts(1, 3, offset)
    assert not cuts(1, 1, offset)
