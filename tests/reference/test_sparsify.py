"""The sparsifier's numbers, worked by hand, in both oracles; and what the specification says of special cases."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore.reference import autograd
from sabcore.reference.replay import record
from sabcore.reference.sparsify import choose, weigh
from tests.reference.cases import DEFAULTS, PRESETS, make_case

torch = pytest.importorskip("torch")


def both(config, a) -> tuple[list[float], list[float]]:
    """Scores (N,) -> the weights, and the gradient of sum(j w_j), j = 1..N, by PyTorch; NumPy's must be equal."""
    leaf = torch.tensor(a, dtype=torch.float64).reshape(-1, 1, 1).requires_grad_()
    w = autograd._sparsify(torch, config, leaf)
    (w * torch.arange(1.0, len(a) + 1).reshape(-1, 1, 1)).sum().backward()
    real = np.array(a).reshape(-1, 1)
    numbers, choice = np.arange(1, len(a) + 1), choose(config, real)
    np.testing.assert_allclose(weigh(config, choice, real[None, :, None])[0, :, 0, 0], w.detach().reshape(-1))
    moved = real.T[..., None, None] + 1e-30j * np.eye(len(a))[:, :, None, None]
    slope = (weigh(config, choice, moved)[:, :, 0, 0] @ numbers).imag / 1e-30
    np.testing.assert_allclose(slope, leaf.grad.reshape(-1), atol=1e-12)
    return w.detach().reshape(-1).tolist(), leaf.grad.reshape(-1).tolist()


CONFIG = {**DEFAULTS, "eps": 1.0}


def test_threshold() -> None:
    """theta = 1 (rank 3), v = [3, 0, 0, 1], S = 5; dv_j = (j - 7/5) / 5 for the active, minus their sum at theta."""
    w, da = both(CONFIG, [4.0, 0.0, 1.0, 2.0])
    assert w == pytest.approx([3 / 5, 0, 0, 1 / 5])
    assert da == pytest.approx([-2 / 25, 0, -11 / 25, 13 / 25])


def test_ties_go_to_the_older_slot() -> None:
    """Slots 2 and 3 tie for ranks 2 and 3: the younger is theta; under rank k_top the older is."""
    _, da = both(CONFIG, [4.0, 1.0, 1.0, 0.0])
    assert [value != 0 for value in da] == [True, False, True, False]
    _, da = both({**CONFIG, "threshold_rank": "k_top"}, [4.0, 1.0, 1.0, 0.0])
    assert [value != 0 for value in da] == [True, True, False, False]
    w, _ = both({**CONFIG, "sparsifier": "softmax"}, [0.0, 1.0, 1.0, 1.0])
    assert w == pytest.approx([0, 0.5, 0.5, 0])


def test_small_memories() -> None:
    assert both({**CONFIG, "small_memory": "raw"}, [-3.0, 2.0]) == ([-3, 2], [1, 2])
    softmax = both({**CONFIG, "small_memory": "softmax", "temperature": 9.0}, [0.0, np.log(3.0)])[0]
    assert softmax == pytest.approx([0.25, 0.75])
    assert both(CONFIG, [5.0]) == ([0], [0])
    assert both(CONFIG, [-3.0, 2.0])[0] == pytest.approx([0, 5 / 6])


def test_softmax_over_every_slot() -> None:
    w, _ = both({**CONFIG, "sparsifier": "softmax", "k_top": None, "temperature": 0.5}, [0.0, np.log(2.0)])
    assert w == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize("k_top", [1, 2, 3])
def test_how_many_slots_are_read(k_top) -> None:
    """The paper's rank reads k_top slots, the released one k_top - 1 of them."""
    for preset, want in (("paper", k_top), ("released", k_top - 1)):
        last = record(*make_case(**{**PRESETS[preset], "k_top": k_top}).inputs).choice[-1]
        assert last is not None
        assert (last.active.sum(axis=0) == want).all()


def test_equal_scores() -> None:
    """All-zero weights under a margin of at least 0, nearly uniform ones below."""
    assert both({**CONFIG, "eps": 1e-7}, [1.0] * 4)[0] == [0] * 4
    w, _ = both({**CONFIG, "eps": 1e-7, "margin": -1e-3}, [1.0] * 4)
    assert w == pytest.approx([0.25] * 4, rel=1e-4)
