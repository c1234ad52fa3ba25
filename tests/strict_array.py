"""An array library that is as strict as a GPU's, for tests on machines without one.

`StrictArray` holds a NumPy array and offers what `cupy.ndarray` offers, no more: nothing turns it into a NumPy array
or a Python number behind one's back (`__array__`, `float()`, `bool()`, iteration over elements all raise), it does not
mix with NumPy arrays, and its module has only functions that CuPy has, with CuPy's keywords. `.item()`, of a single
element, is the one door out, as in CuPy an explicit one; the tests count how often it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

#: The functions of CuPy that the engine may call, with the keywords CuPy takes (CuPy 13 and 14, API reference).
CUPY_FUNCTIONS: dict[str, set[str]] = {
    "arange": {"dtype"},
    "argsort": {"axis", "kind"},
    "concatenate": {"axis"},
    "cos": set(),
    "einsum": set(),
    "empty": {"dtype"},
    "exp": set(),
    "isfinite": set(),
    "log": set(),
    "ones": {"dtype"},
    "sin": set(),
    "sqrt": set(),
    "split": {"axis"},
    "take_along_axis": {"axis"},
    "tanh": set(),
    "where": set(),
    "zeros": {"dtype"},
    "zeros_like": set(),
}
_OPERATORS = (
    "add sub mul truediv pow matmul gt ge lt le eq ne and or mod floordiv radd rsub rmul rtruediv rpow rmatmul "
    "iadd isub imul itruediv rand ror"
).split()
_METHODS = ("sum", "max", "min", "argmax", "all", "reshape", "copy", "transpose", "astype", "__abs__")


class StrictArray:
    """A device array on the host. See the module."""

    __array_priority__ = 1000
    __array_ufunc__ = None  # NumPy must not compute with it

    def __init__(self, value: np.ndarray) -> None:
        self._value = value
        self.dtype, self.shape, self.ndim, self.size = value.dtype, value.shape, value.ndim, value.size

    def __array_namespace__(self) -> StrictModule:
        return STRICT

    @property
    def T(self) -> StrictArray:
        return StrictArray(self._value.T)

    @property
    def real(self) -> StrictArray:
        return StrictArray(self._value.real)

    def item(self) -> Any:
        assert self.size == 1, "only a single element may leave the device"
        STRICT.items_taken += 1
        return self._value.item()

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, key: Any) -> StrictArray:
        return StrictArray(np.asarray(self._value[_device_only(key)]))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._value[_device_only(key)] = _device_only(value)

    def __iter__(self) -> Iterator[StrictArray]:
        return (self[i] for i in range(len(self)))

    def __neg__(self) -> StrictArray:
        return StrictArray(-self._value)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("implicit conversion of a device array to the host")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __complex__ = _refuse


def _device_only(value: Any) -> Any:
    """Unwrap arguments; a NumPy array among them is a silent copy to the device, which CuPy refuses."""
    if isinstance(value, StrictArray):
        return value._value
    if isinstance(value, tuple | list):
        return type(value)(_device_only(item) for item in value)
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array meets a device array")
    return value


def _wrap(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_wrap(item) for item in value]
    return StrictArray(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value


def _method(name: str) -> Callable[..., Any]:
    def call(self: StrictArray, *args: Any, **keywords: Any) -> Any:
        return _wrap(getattr(self._value, name)(*_device_only(args), **keywords))

    return call


def _operator(name: str) -> Callable[..., Any]:
    def call(self: StrictArray, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            raise TypeError("a NumPy array meets a device array")
        return _wrap(getattr(self._value, name)(_device_only(other)))

    return call


for _name in _METHODS:
    setattr(StrictArray, _name, _method(_name))
for _name in _OPERATORS:
    setattr(StrictArray, f"__{_name}__", _operator(f"__{_name}__"))


class StrictModule:
    """The functions: CuPy's names and keywords only; every call is recorded in `called`."""

    __name__ = "strict"

    def __init__(self) -> None:
        self.called: set[str] = set()
        self.items_taken = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in CUPY_FUNCTIONS:
            raise AttributeError(f"CuPy's {name} is not on the list of functions that the engine may call")

        def call(*args: Any, **keywords: Any) -> Any:
            assert set(keywords) <= CUPY_FUNCTIONS[name], f"{name} is called with {sorted(keywords)}"
            self.called.add(name)
            return _wrap(getattr(np, name)(*_device_only(args), **keywords))

        return call


STRICT = StrictModule()
