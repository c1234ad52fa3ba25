"""The whole gradient of short sequences on fifty digits: of every tensor, right, and seen to be wrong where it is."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from sabcore.model.params import param_shapes
from sabcore.proofs import digits
from sabcore.proofs.engine import plain
from sabcore.proofs.engine.plain import CONFIGS, T, draw, engine_errors, error_of, gradients, loss

SEGMENTS = CONFIGS["segments of 2, every second step a slot"]
ENDLESS = CONFIGS["sliding, 2 steps, reminded without end"]


def exact(config, seed=3):
    return {name: digits.exact(value) for name, value in draw(config, seed).items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_tensor_has_a_gradient_of_its_shape_and_none_is_zero(name) -> None:
    """Zero would be proved of nothing: a sequence that reads nothing says nothing of reads."""
    config = CONFIGS[name]
    with mpmath.workdps(digits.DIGITS):
        values = exact(config)
        found = gradients(config, values)
    assert set(found) == {*param_shapes(config), "x", "h0", "c0"}
    assert all(np.shape(found[name]) == np.shape(values[name]) for name in found)
    assert [name for name in found if not any(np.ravel(found[name]))] == []


def test_without_anything_cut_the_gradient_is_that_of_the_loss_itself() -> None:
    config = CONFIGS["full"]
    with mpmath.workdps(digits.DIGITS):
        values, step = exact(config), mpmath.mpf(digits.STEP)
        along = digits.exact(np.random.default_rng(0).standard_normal(values["W_hh"].shape))
        ends = [loss(config, {**values, "W_hh": values["W_hh"] + sign * step * along}) for sign in (1, -1)]
        want, got = (ends[0] - ends[1]) / (2 * step), np.sum(gradients(config, values)["W_hh"] * along)
        assert abs(got - want) < digits.ALLOWED * abs(want)


@pytest.mark.parametrize("name", ["W_ih", "b", "V_s", "h0", "x"])
def test_one_tensor_that_is_off_is_found(name, monkeypatch) -> None:
    right = gradients

    def off(config, values):
        found = right(config, values)
        return {**found, name: found[name] * (1 + mpmath.mpf("1e-25"))}

    with mpmath.workdps(digits.DIGITS):
        values = exact(SEGMENTS)
        assert error_of(SEGMENTS, values, seed=4) <= digits.ALLOWED
        monkeypatch.setattr(plain, "gradients", off)
        assert not error_of(SEGMENTS, values, seed=4) <= digits.ALLOWED


@pytest.mark.parametrize("config", [SEGMENTS, ENDLESS], ids=["segments", "sliding"])
def test_the_engines_gradients_are_the_pages_and_one_that_is_off_is_found(config, monkeypatch) -> None:
    right = plain.plain.backward
    with mpmath.workdps(digits.DIGITS):
        found = engine_errors(config, draw(config, 3), seed=5)
        assert set(found) == {*param_shapes(config), "x", "h0", "c0"}
        assert [name for name, (error, allowed) in found.items() if not error <= allowed] == []
        monkeypatch.setattr(
            plain.plain, "backward", lambda *given: {k: v * (1 + 1e-9) for k, v in right(*given).items()}
        )
        wrong = {name for name, (error, allowed) in engine_errors(config, draw(config, 3), seed=5).items()
                 if error > allowed}  # fmt: skip
    assert wrong == set(found)


def test_a_drawn_sequence_is_one_row() -> None:
    drawn = draw(SEGMENTS, 1)
    assert (drawn["x"].shape, drawn["dy"].shape, drawn["h0"].shape) == ((T, 2), (T, 1), (2,))
    assert (drawn["x"] != draw(SEGMENTS, 2)["x"]).any()
