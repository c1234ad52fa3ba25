"""A sweep moves one element at a time, all of them, by every step, however many fit into one pass."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore.reference import perturb
from sabcore.reference.replay import base_tensors, record
from tests.reference.cases import make_case


@pytest.mark.parametrize("pass_size", [1, 3000, 2**17])
@pytest.mark.parametrize("name", ["W_hh", "h0", "d"])
def test_a_sweep_is_one_move_after_the_other(name, pass_size, monkeypatch) -> None:
    case = make_case(steps=4, rows=2, k_trunc=2)
    tensors, base = base_tensors(*case.inputs), record(*case.inputs)
    steps = np.array([0.5, -0.25])
    monkeypatch.setattr(perturb, "PASS_SIZE", pass_size)
    found = perturb.sweep(base, tensors, name, case.dy, steps)
    assert found.shape == (tensors[name].size, 2)
    for element in (0, tensors[name].size - 1):
        for column, step in enumerate(steps):
            moved = tensors[name].copy()
            moved.reshape(-1)[element] += step
            alone = {other: value[None] for other, value in {**tensors, name: moved}.items()}
            want = perturb.objective(base, alone, case.dy)[0]
            assert found[element, column] == pytest.approx(want, rel=1e-12)


def test_the_objective_is_the_cotangents_sum() -> None:
    case = make_case(steps=3, rows=2)
    tensors = {name: value[None] for name, value in base_tensors(*case.inputs).items()}
    base = record(*case.inputs)
    assert perturb.objective(base, tensors, case.dy) == pytest.approx([(case.dy * base.y).sum()], rel=1e-12)


def test_complex_steps_give_complex_values() -> None:
    case = make_case(steps=3, rows=2)
    found = perturb.sweep(record(*case.inputs), base_tensors(*case.inputs), "d", case.dy, np.array([1e-30j]))
    np.testing.assert_allclose(found[:, 0].imag / 1e-30, case.dy.sum(axis=(0, 1)), rtol=1e-12)
