"""Which names a tagged statement of a CUDA C++ source writes."""

from __future__ import annotations

import pytest

from sabcore.proofs.clike import read_cuda

FUNCTION = "__device__ inline real f(real x) {{\n{}\n}}\n"


@pytest.mark.parametrize(
    ("code", "tags", "written"),
    [
        ("real g = tanh(z.z);   // L.3", ("L.3",), {"g"}),
        ("real i = sigmoid(z.x), o = sigmoid(z.w);  // L.2", ("L.2",), {"i", "o"}),
        ("dc += dhhat * o * (1 - u * u);  // L.5*", ("L.5*",), {"dc"}),
        ("list.w[i] = list.w[i] / S;  // S.4, F.2", ("S.4", "F.2"), {"w"}),
        ("if (rule == RAW) v = a[i];  // R.1", ("R.1",), {"v"}),
        ("multiply(tile, dz,\n    room);  // L.1*", ("L.1*",), {"multiply", "tile", "dz", "room"}),
        ("return v > 0 ? v : 0;  // S.2", ("S.2",), {"f", "v"}),
        ("real a = b;\nreal g = h;  // L.3", ("L.3",), {"g"}),
    ],
)
def test_a_statement_writes(code: str, tags: tuple[str, ...], written: set[str]) -> None:
    (statement,) = read_cuda(FUNCTION.format(code)).statements
    assert statement.tags == tags
    assert set(statement.computed) == written


def test_an_untagged_line_is_none() -> None:
    assert read_cuda(FUNCTION.format("real g = h;  // as in the paper")).statements == []
