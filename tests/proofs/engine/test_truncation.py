"""The loop's proof for any step: it passes, and does not where the loop carries, cuts or adds something else."""

from __future__ import annotations

import pytest

sympy = pytest.importorskip("sympy")

from sabcore.proofs.engine import loop, truncation  # noqa: E402
from sabcore.proofs.engine.truncation import CONFIGS, partials, prove, unknown  # noqa: E402


def test_of_an_unknown_function_only_the_partial_derivatives_names_are_known() -> None:
    x, y = sympy.symbols("x y")
    assert unknown("F") is unknown("F")
    assert sympy.diff(unknown("F")(x, y), y) == unknown("F_2")(x, y) == partials("F", x, y)[1]
    chained = sympy.diff(unknown("F")(x, unknown("G")(x)), x)
    assert chained == unknown("F_1")(x, unknown("G")(x)) + unknown("F_2")(x, unknown("G")(x)) * unknown("G_1")(x)


def test_every_truncation_is_tried() -> None:
    kinds = {(config.truncation, config.k_trunc is None, config.k_remind is None) for config in CONFIGS.values()}
    assert kinds == {("segment", True, True), ("segment", False, True), ("sliding", False, False),
                     ("sliding", True, False)}  # fmt: skip
    budgets = [(config.k_trunc, config.k_remind) for config in CONFIGS.values() if config.truncation == "sliding"]
    assert budgets == [(2, 1), (1, 2), (None, 2)]


@pytest.mark.parametrize("name", ["segments of 2", "sliding, 1 step, reminded 2"])
def test_a_right_loop_is_proved_and_one_that_never_cuts_is_not(name, monkeypatch) -> None:
    assert prove(CONFIGS[name])
    monkeypatch.setattr(loop, "_carry", lambda setup, t, d: d)
    assert not prove(CONFIGS[name])


@pytest.mark.parametrize("lost", ["query*", "readout*", "recall*"])
def test_a_path_that_is_lost_is_noticed(lost, monkeypatch) -> None:
    right = truncation.functions

    def functions(weights, params):
        made = right(weights, params)
        path = made[lost]

        def without(run, *given):
            found = path(run, *given)
            return tuple(0 * each for each in found) if isinstance(found, tuple) else 0 * found

        return {**made, lost: without}

    monkeypatch.setattr(truncation, "functions", functions)
    assert not prove(CONFIGS["segments of 2"])
