"""Moves of an ulp are moves of an ulp: up or down, every element, no draw like another."""

from __future__ import annotations

import numpy as np

from sabcore.reference.rounding import EPS, ulp_moves


def test_every_element_moves_by_eps_times_itself() -> None:
    given = {"x": np.array([[1.0, -3.0, 0.0]] * 40), "p": np.array(2.0)}
    moved = ulp_moves(given, 3)
    assert {name: value.shape for name, value in moved.items()} == {"x": (3, 40, 3), "p": (3,)}
    for column, value in enumerate((1.0, -3.0)):
        assert set(moved["x"][..., column].ravel()) == {value * (1 - EPS), value * (1 + EPS)}
    assert (moved["x"][..., 2] == 0).all()
    assert (moved["x"][0] != moved["x"][1]).any()


def test_a_seed_gives_the_same_moves() -> None:
    given = {"x": np.ones(50)}
    np.testing.assert_array_equal(ulp_moves(given, 2, seed=1)["x"], ulp_moves(given, 2, seed=1)["x"])
    assert (ulp_moves(given, 2, seed=1)["x"] != ulp_moves(given, 2, seed=2)["x"]).any()
