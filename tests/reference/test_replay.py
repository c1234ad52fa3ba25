"""The recorded run, and its replay at the same point and away from it."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore.reference import autograd
from sabcore.reference.perturb import objective, sweep
from sabcore.reference.replay import base_tensors, record, replay
from tests.reference.cases import PRESETS, TRUNCATIONS, B, T, make_case


@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_replay_at_the_base_point_is_the_recorded_run(preset, truncation) -> None:
    case = make_case(**{**PRESETS[preset], **TRUNCATIONS[truncation]})
    base = record(*case.inputs)
    tensors = {name: value[None] for name, value in base_tensors(*case.inputs).items()}
    np.testing.assert_allclose(replay(base, tensors)[0], base.y, rtol=0, atol=1e-13)
    assert base.h.shape == base.c.shape == (T + 1, B, 4)
    assert base.s.shape == base.hhat.shape == (T, B, 4)


def test_perturbations_do_not_mix() -> None:
    """P perturbations of everything in one pass are P passes."""
    case = make_case(**PRESETS["dev2018"], **TRUNCATIONS["remind_more"])
    base, rng = record(*case.inputs), np.random.default_rng(3)
    many = {
        name: value + 1e-3 * rng.normal(size=(3, *value.shape)) for name, value in base_tensors(*case.inputs).items()
    }
    together = replay(base, many)
    for p in range(3):
        alone = replay(base, {name: value[p : p + 1] for name, value in many.items()})
        np.testing.assert_allclose(together[p], alone[0], rtol=0, atol=1e-12)


def test_a_sweep_moves_one_element_at_a_time(monkeypatch) -> None:
    """Chunks of a pass included: with room for one run at a time the values are the same."""
    case = make_case()
    base, tensors = record(*case.inputs), base_tensors(*case.inputs)
    steps = np.array([0.1, -0.2])
    values = sweep(base, tensors, "V_h", case.dy, steps)
    monkeypatch.setattr("sabcore.reference.perturb.PASS_SIZE", 1)
    np.testing.assert_allclose(sweep(base, tensors, "V_h", case.dy, steps), values, rtol=0, atol=1e-12)
    here = objective(base, {name: value[None] for name, value in tensors.items()}, case.dy)
    slope = autograd.gradients(*case)["grad.V_h"].reshape(-1, 1)  # y is linear in V_h
    np.testing.assert_allclose(values, here + slope * steps, rtol=0, atol=1e-12)


def test_the_order_is_replayed_not_chosen_again() -> None:
    """Far from the base point another slot would be read; the frozen function goes on with the recorded one."""
    case = make_case(k_top=1, small_memory="raw")
    base, tensors = record(*case.inputs), base_tensors(*case.inputs)
    flipped = {**tensors, "w_a": -tensors["w_a"]}
    frozen = replay(base, {name: value[None] for name, value in flipped.items()})[0]
    params = {**case.params, "w_a": -case.params["w_a"]}
    assert np.abs(frozen - record(case.config, params, case.x, case.h0, case.c0).y).max() > 1e-2
