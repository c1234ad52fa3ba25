"""Random sizes: the engine is what PyTorch's layers and its autograd compute."""

from functools import partial

import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.compare.tolerance import measured_floors
from sabcore.reference.transformer import gradients
from sabcore.transformer import TransformerConfig, attention, backward, forward
from tests.transformer.cases import inputs

pytest.importorskip("torch")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ALLOWED = 1e-11
SIZE = st.integers(1, 5)


@st.composite
def configs(draw):
    """A norm of one unit is always 0, of two +-1: of their gradients rounding alone is left, so three at least."""
    heads = draw(st.integers(1, 3))
    return TransformerConfig(
        input_size=draw(SIZE), hidden_size=heads * draw(st.integers(3 if heads == 1 else 2, 4)), output_size=draw(SIZE),
        layers=draw(st.integers(1, 3)), heads=heads, feed_forward_size=draw(st.none() | SIZE),
    )  # fmt: skip


def results(config, given):
    """y and every gradient, by name, of parameters, x and dy."""
    params = {name: value for name, value in given.items() if name not in ("x", "dy")}
    y, tape = forward(config, params, given["x"])
    return {"y": y, **{f"grad.{name}": grad for name, grad in backward(config, params, tape, given["dy"]).items()}}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configs(), st.integers(1, 9), SIZE, st.integers(0, 99), st.integers(1, 4))
def test_outputs_and_gradients_are_those_of_autograd(monkeypatch, config, steps, rows, seed, part):
    monkeypatch.setattr(attention, "ROWS", part)
    params, x, dy = inputs(config, steps, rows, seed)
    want, given = gradients(config.to_dict(), params, x, dy), {**params, "x": x, "dy": dy}
    got = results(config, given)
    assert (
        failures(compare(got, want, ALLOWED, lambda: measured_floors(partial(results, config), given, ALLOWED))) == []
    )
    assert got.keys() == want.keys()
