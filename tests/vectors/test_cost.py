"""A stranger's small file cannot ask for hours of work."""

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from sabcore.cli import main
from sabcore.errors import FormatError
from sabcore.vectors import cost, write
from sabcore.vectors.check import find
from sabcore.vectors.cost import LIMIT_SECONDS, estimated_seconds, refuse_too_much_work
from sabcore.vectors.format import read


def longer(vector, T):
    """The vector with its first step repeated to T steps; what it expects has the shape, not the values."""
    stretch = {name: np.zeros((T, *vector.tensors()[name].shape[1:])) for name in ("x", "dy", "y", "grad.x")}
    expected = {**vector.expected, "y": stretch["y"], "grad.x": stretch["grad.x"]}
    expected = {name: value for name, value in expected.items() if name not in ("h", "s", "c")}
    return replace(vector, x=stretch["x"], dy=stretch["dy"], expected=expected)


def test_the_shipped_set_asks_for_little():
    assert all(estimated_seconds(read(path)) < 0.1 for path in find([]))


@pytest.mark.parametrize("T", [100_000, 10**6])
def test_too_many_steps_are_refused_before_anything_is_computed(vector, tmp_path, T):
    write(tmp_path / "long.safetensors", longer(vector, T))
    result = CliRunner().invoke(main, ["vectors", "check", str(tmp_path / "long.safetensors")])
    assert result.exit_code == 2
    assert f"(T = {T}, B = 2, H = 5), but should ask for at most 10; --no-limit" in result.output


def test_the_limit_can_be_lifted(vector, tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "LIMIT_SECONDS", 1e-9)
    write(tmp_path / "short.safetensors", vector)
    arguments = ["vectors", "check", str(tmp_path / "short.safetensors")]
    assert CliRunner().invoke(main, arguments).exit_code == 2
    assert CliRunner().invoke(main, [*arguments, "--no-limit"]).exit_code == 0


def test_wide_models_and_many_slots_count_too(vector):
    wide = replace(vector, config=replace(vector.config, hidden_size=50_000))
    with pytest.raises(FormatError, match="s of work"):
        refuse_too_much_work(wide)
    assert estimated_seconds(longer(vector, 2000)) > 10 * estimated_seconds(longer(vector, 200)) - 1e-9
    assert estimated_seconds(vector) < LIMIT_SECONDS


def test_twice_the_sequences_are_twice_the_work(vector):
    """But for what a step costs whatever the sizes."""
    doubled = replace(vector, x=np.tile(vector.x, (1, 2, 1)))
    steps = cost.STEP * len(vector.x)
    assert estimated_seconds(vector) > steps
    assert estimated_seconds(doubled) - steps == pytest.approx(2 * (estimated_seconds(vector) - steps))


def test_what_a_score_and_a_window_cost(vector):
    """Slots times units of an additive score, slots alone of a separable one; products for every gradient level."""
    base = replace(vector.config, attention_size=64, k_att=1)
    steps = longer(vector, 5000)
    additive, separable = (
        estimated_seconds(replace(steps, config=replace(base, score=s))) for s in ("additive", "separable")
    )
    assert additive > 10 * separable - 10 * cost.STEP * 5000
    assert additive > 5
    wide = replace(base, hidden_size=500, k_top=0)
    sliding = replace(wide, truncation="sliding", k_trunc=6)
    one, six = (estimated_seconds(replace(vector, config=config)) for config in (wide, sliding))
    assert 2 < six / one < 6
