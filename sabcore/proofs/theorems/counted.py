"""Numbers that count how often they are multiplied."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class Counted:
    """A real number; `multiplications` counts those of all of them."""

    multiplications = 0
    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value

    def __mul__(self, other: Any) -> Counted:
        Counted.multiplications += 1
        return Counted(self.value * _value(other))

    def __add__(self, other: Any) -> Counted:
        return Counted(self.value + _value(other))

    def __sub__(self, other: Any) -> Counted:
        return Counted(self.value - _value(other))

    def __rsub__(self, other: Any) -> Counted:
        return Counted(_value(other) - self.value)

    def __truediv__(self, other: Any) -> Counted:
        return Counted(self.value / _value(other))

    def __rtruediv__(self, other: Any) -> Counted:
        return Counted(_value(other) / self.value)

    def __pow__(self, exponent: int) -> Counted:
        Counted.multiplications += exponent - 1
        return Counted(self.value**exponent)

    def __neg__(self) -> Counted:
        return Counted(-self.value)

    def __lt__(self, other: Any) -> bool:
        return self.value < _value(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > _value(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= _value(other)

    def __eq__(self, other: object) -> bool:
        return self.value == _value(other)

    def __hash__(self) -> int:
        return hash(self.value)

    def exp(self) -> Counted:
        return Counted(math.exp(self.value))

    def tanh(self) -> Counted:
        return Counted(math.tanh(self.value))

    __rmul__ = __mul__
    __radd__ = __add__


def _value(other: Any) -> float:
    return other.value if isinstance(other, Counted) else float(other)


def counted(array: Any) -> Any:
    return np.vectorize(Counted, otypes=[object])(array)
