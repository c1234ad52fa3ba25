"""The CUDA tape shows the states without the padding of its rows, and step t at its place."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore.engine.cuda.records import Rows
from sabcore.engine.cuda.tape import CudaTape

T, B, H, PADDED = 4, 2, 5, 8


def numbered(*shape: int) -> np.ndarray:
    """Different numbers, and NaN where a padded unit is."""
    array = np.arange(float(np.prod(shape))).reshape(shape)
    array[..., H:] = np.nan
    return array


def tape(**others: np.ndarray | None) -> CudaTape:
    fields: dict[str, Any] = dict.fromkeys(Rows._fields)
    fields |= {"h": numbered(T + 1, B, PADDED), "c": 100 + numbered(T + 1, B, PADDED)}
    fields |= {"hhat": 200 + numbered(T, B, PADDED), "s": 300 + numbered(T, B, PADDED), **others}
    return CudaTape(np.zeros((T, B, 3)), H, Rows(**fields))


@pytest.mark.parametrize("name", ["h_all", "c_all", "h", "c", "s", "hhat"])
def test_no_padded_unit_is_shown(name: str) -> None:
    shown = getattr(tape(), name)
    assert shown.shape == (T + name.endswith("_all"), B, H)
    assert np.isfinite(shown).all()


@pytest.mark.parametrize(
    ("name", "row", "first"),
    [("h_all", "h", 0), ("c_all", "c", 0), ("h", "h", 1), ("c", "c", 1), ("hhat", "hhat", 0), ("s", "s", 0)],
)
def test_each_is_its_own_rows_and_step_1_comes_after_the_initial_state(name: str, row: str, first: int) -> None:
    made = tape()
    np.testing.assert_array_equal(getattr(made, name), getattr(made.rows, row)[first:, :, :H])


def test_a_plain_lstm_has_no_summaries() -> None:
    assert tape(s=None).s is None


def test_it_cannot_be_changed_and_says_whose_it_is() -> None:
    assert CudaTape.engine == tape().engine == "cuda"
    with pytest.raises(dataclasses.FrozenInstanceError):
        tape().hidden_size = 3  # type: ignore[misc]
