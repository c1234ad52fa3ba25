"""The checks at the public doors: arrays of what kind, element type and shape, finite or not; whole numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sabcore.array.library import DTYPES, Array, array_module
from sabcore.errors import ConfigError, DTypeError, NonFiniteError, ShapeError


def check_array(
    name: str, array: Array, shape: tuple[int | str, ...], like: Array | None = None, finite: bool = True
) -> None:
    """Let `array` pass if it is an array of this shape and of an element type that the engines know.

    `shape`: a number must match, a letter stands for a free size of at least 1. `like`: the inputs x, whose library
    and element type it must share. `finite`: whether its values are looked at as well.

    Raises:
        DTypeError, ShapeError, NonFiniteError: naming the array, what it is and what it should be.
    """
    xp = array_module(array, name)
    if like is not None and xp is not array_module(like):
        raise DTypeError(f"{name} is a {xp.__name__} array, but x is a {array_module(like).__name__} array")
    if like is not None and array.dtype != like.dtype:
        raise DTypeError(f"{name} has dtype {array.dtype}, but should have {like.dtype}, the dtype of x")
    if str(array.dtype) not in DTYPES:
        raise DTypeError(f"{name} has dtype {array.dtype}, but should have one of {', '.join(DTYPES)}")
    fits = len(array.shape) == len(shape) and all(
        size >= 1 if isinstance(want, str) else size == want for size, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        least = ", with every size at least 1" if any(isinstance(want, str) for want in shape) else ""
        raise ShapeError(f"{name} has shape {tuple(array.shape)}, but should have {wanted}{least}")
    if finite:
        check_finite({name: array})


def check_params(
    params: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]], like: Array | None = None, finite: bool = True
) -> None:
    """Let named parameters pass if they are exactly those of `shapes`, and compute together, with `like` if given."""
    if not isinstance(params, Mapping):
        raise DTypeError(f"params is a {type(params).__name__}, but should be a dict of arrays by name")
    if missing := [name for name in shapes if name not in params]:
        raise ShapeError(f"the parameters lack {', '.join(missing)}, but should be {', '.join(shapes)}")
    if extra := [name for name in params if name not in shapes]:
        raise ShapeError(f"the parameters hold {', '.join(extra)}, which this config has no use for")
    for name, shape in shapes.items():
        check_array(name, params[name], shape, next(iter(params.values())) if like is None else like, finite)


def check_finite(arrays: Mapping[str, Array]) -> None:
    """Let arrays of one device and dtype pass if all their values are finite.

    Raises:
        NonFiniteError: naming the first array that holds another value.
    """
    if (name := first_non_finite(arrays)) is not None:
        raise NonFiniteError(f"{name} holds NaN or infinite values, but every value should be finite")


def first_non_finite(arrays: Mapping[str, Array]) -> str | None:
    """The name of the first array that holds NaN or an infinity; None if all, of one device and dtype, are finite.

    One scalar leaves the device, knowingly, if they are.
    """
    if not arrays or are_finite(arrays).item() is True:
        return None
    return next(name for name, array in arrays.items() if len(arrays) == 1 or not all_finite(array))


def all_finite(array: Array) -> bool:
    """True if no element is NaN or infinite."""
    return first_non_finite({"": array}) is None


def are_finite(arrays: Mapping[str, Array]) -> Array:
    """(), true if all values are finite, on their device.

    Launching a kernel takes longer than what it does here: few for all arrays.
    """
    several = list(arrays.values())
    xp = array_module(several[0])
    if xp is np:
        return np.asarray(all(np.isfinite(array).all() for array in several))
    return xp.isfinite(several[0] if len(several) == 1 else xp.concatenate([a.reshape(-1) for a in several])).all()


def check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Let a whole number in range pass; True and False are none.

    Raises:
        ConfigError: naming the value.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        wanted = f", at least {least}" if most is None else f" from {least} to {most}"
        raise ConfigError(f"{name} is {value!r}, but should be a whole number{wanted}")
