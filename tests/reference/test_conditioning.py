"""What conditioning says, against scores made for it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sabcore.compare.tensors import compare_tensor
from sabcore.reference.conditioning import conditioning
from sabcore.reference.replay import record
from tests.reference.cases import PRESETS, make_case


def test_threshold_by_hand() -> None:
    """From the recorded scores, row by row, with a plain sort."""
    case = make_case(margin=0.05)
    got, smallest, gap = conditioning(*case.inputs), math.inf, math.inf
    for a in record(*case.inputs).a[2:]:
        assert a is not None
        for row in a.T.tolist():
            ranked = sorted(row, reverse=True)
            theta = ranked.pop(min(3, len(row)) - 1)
            v = [value - theta - 0.05 for value in ranked if value - theta - 0.05 > 0]
            smallest = min(smallest, sum(v) + 1e-7) if v else smallest
            gap = min(gap, *(min(abs(value - theta), abs(value - theta - 0.05)) for value in ranked))
    assert math.isclose(got.S, smallest)
    assert got.gap == pytest.approx(gap)
    assert got.bound == pytest.approx(np.abs(case.params["w_a"]).sum())
    assert got.amplification == pytest.approx(got.bound / smallest)


def test_without_a_threshold() -> None:
    assert conditioning(*make_case(**PRESETS["lstm"]).inputs) == (math.inf, math.inf, 0, 0)
    everything = conditioning(*make_case(**PRESETS["self_attention"], temperature=0.5).inputs)
    assert everything[:2] == (math.inf, math.inf)
    assert everything.amplification == 2 * everything.bound
    top = conditioning(*make_case(sparsifier="softmax").inputs)
    assert math.isinf(top.S)
    assert 0 < top.gap < top.bound


def test_a_tie_has_no_gap() -> None:
    case = make_case()
    case.params["w_a"][:] = 0
    got = conditioning(*case.inputs)
    assert got.gap == 0
    assert math.isinf(got.S)  # nothing is read


def test_amplification_predicts_the_error_of_float32() -> None:
    """Rounding the inputs to float32 moves the weights, hence s, by about its eps times the amplification."""
    eps32 = float(np.finfo(np.float32).eps)
    compared = 0
    for seed in range(20):
        case = make_case(seed)
        got = conditioning(*case.inputs)
        rounded = {name: value.astype(np.float32) for name, value in case.params.items()}
        s = record(case.config, rounded, *case.inputs[2:]).s
        if got.gap > 100 * eps32 * got.bound:
            allowed = 10 * eps32 * max(1, got.amplification)
            assert compare_tensor("s", s, record(*case.inputs).s, allowed).passed, seed
            compared += 1
    assert compared >= 5


def test_the_edge_of_k_back_is_a_choice_where_it_decides_anything() -> None:
    """Raw weights read all slots, and only the k_back best send gradient: the gap is between them and the next."""
    base: dict[str, Any] = {"k_top": 30, "small_memory": "raw"}
    assert math.isinf(conditioning(*make_case(**base).inputs).gap)
    case, gap = make_case(**base, k_back=2), math.inf
    for a in record(*case.inputs).a[3:]:
        assert a is not None
        gap = min(gap, *(ranked[1] - ranked[2] for ranked in (sorted(row, reverse=True) for row in a.T.tolist())))
    assert conditioning(*case.inputs).gap == pytest.approx(gap)
    unread = make_case(k_back=5)  # beyond the threshold's rank nothing has weight
    assert conditioning(*unread.inputs).gap == conditioning(*make_case().inputs).gap
