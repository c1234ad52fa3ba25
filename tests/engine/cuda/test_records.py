"""The records of records.py and of records.cu have the same fields, in one order, of the same sizes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sabcore.engine.cuda import records

TEXT = (Path(records.__file__).parent / "records.cu").read_text(encoding="utf-8")


def fields(struct: str) -> list[tuple[str, str]]:
    """The name and the type of each field of a struct."""
    body = re.search(rf"struct {struct} {{(.*?)\n}};", TEXT, re.DOTALL)
    assert body
    lines = [line.partition("//")[0].strip().rstrip(";") for line in body[1].splitlines()]
    declared = [re.fullmatch(r"((?:const )?\w+\*?) (.*)", line) for line in lines if line]
    return [(name.strip(), found[1]) for found in declared if found for name in found[2].split(",")]


@pytest.mark.parametrize(
    ("record", "struct"),
    [
        (records.Plan, "Plan"),
        (records.Weights, "Weights"),
        (records.Rows, "Tape"),
        (records.Gradients, "Gradients"),
    ],
)
def test_the_same_fields_in_the_same_order(record, struct):
    assert [name for name, _ in fields(struct)] == list(record._fields)


def test_numbers_stand_where_c_expects_them():
    kinds: dict[str, Any] = {"int": np.int32(7), "real": np.float64(0.5)}
    struct: Any = records.as_struct(records.Plan(*(kinds[kind] for _, kind in fields("Plan"))))
    offsets = [struct.dtype.fields[name][1] for name in struct.dtype.names]
    assert offsets[:3] == [0, 4, 8]
    assert all(offset % 8 == 0 for offset in offsets[-3:])
    assert struct.nbytes % 8 == 0


def test_an_array_is_its_address_and_none_is_no_address():
    array = np.zeros((3, 4))
    struct = records.as_struct(records.Weights(array, None, None, array[1:]))
    assert struct["W_hh"] == array.ctypes.data
    assert struct["W_q"] == 0
    assert struct["w_a"] - struct["W_hh"] == 4 * 8
