"""Vectors of neighbouring elements: the loops of the top-k that LLVM does not turn into vector instructions by itself.

Each is a plain definition on NumPy arrays, and beside it the same in LLVM's vector types for compiled code. LLVM makes
of them whatever the machine has: AVX-512, AVX2, SSE or NEON. Arrays are C-contiguous, of float32 or float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

#: Elements of a vector, and of the window whose comparisons fit the bits of one number.
LANES, WINDOW = 16, 64

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


def at_least(a: np.ndarray, lo: int, bar: Any) -> int:
    """A number whose bit i says that a[lo+i] >= bar, for the WINDOW elements from lo on; NaN is not."""
    return sum(1 << i for i in range(WINDOW) if a[lo + i] >= bar)


def lowest_bit(mask: int) -> int:
    """The place of the lowest bit that is set, of which there is one."""
    return (mask & -mask).bit_length() - 1


def lane_maxima(a: np.ndarray, n: int, start: int, step: int, out: np.ndarray) -> None:
    """out[start+i] = the largest of a[start+i], a[start+i+step], ... for i < LANES, NaN and none of them being -inf.

    Of a[:n], without the last elements where they do not fill a vector.
    """
    out[start : start + LANES] = -np.inf
    for j in range(start, n - LANES + 1, step):
        for i in range(LANES):
            if a[j + i] > out[start + i]:
                out[start + i] = a[j + i]


def count_larger(v: np.ndarray, lo: int, hi: int, i: int, out: np.ndarray) -> None:
    """out[i:i+LANES] = how many of v[lo:hi] are larger than v[i], ..., v[i+LANES-1]. out is int32."""
    for place in range(i, i + LANES):
        out[place] = sum(v[j] > v[place] for j in range(lo, hi))


@intrinsic
def _at_least(typingctx: Any, a: Any, lo: Any, bar: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, lo, bar = args
        window = _load(context, builder, a, array, lo, WINDOW)
        return builder.bitcast(builder.fcmp_ordered(">=", window, _splat(builder, bar, WINDOW)), _I64)

    return types.int64(a, types.int64, a.dtype), build


@intrinsic
def _lowest_bit(typingctx: Any, mask: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], _I1(1))

    return types.int64(types.int64), build


@intrinsic
def _lane_maxima(typingctx: Any, a: Any, n: Any, start: Any, step: Any, out: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, n, start, step, out_array = args
        lowest = ir.Constant(ir.VectorType(context.get_value_type(a.dtype), LANES), [float("-inf")] * LANES)
        largest = cgutils.alloca_once_value(builder, lowest)
        end = builder.sub(n, _I64(LANES - 1))
        with cgutils.for_range_slice(builder, start, end, step, _I64) as (j, _):
            x = _load(context, builder, a, array, j, LANES)
            so_far = builder.load(largest)
            builder.store(builder.select(builder.fcmp_ordered(">", x, so_far), x, so_far), largest)
        _store(context, builder, builder.load(largest), out, out_array, start)
        return context.get_dummy_value()

    return types.void(a, types.int64, types.int64, types.int64, out), build


@intrinsic
def _count_larger(typingctx: Any, v: Any, lo: Any, hi: Any, i: Any, out: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, lo, hi, i, out_array = args
        mine = _load(context, builder, v, array, i, LANES)
        counts = ir.VectorType(_I32, LANES)
        larger = cgutils.alloca_once_value(builder, ir.Constant(counts, [0] * LANES))
        data = make_array(v)(context, builder, array).data
        with cgutils.for_range_slice(builder, lo, hi, _I64(1), _I64) as (j, _):
            other = _splat(builder, builder.load(builder.gep(data, [j])), LANES)
            is_larger = builder.zext(builder.fcmp_ordered(">", other, mine), counts)
            builder.store(builder.add(builder.load(larger), is_larger), larger)
        _store(context, builder, builder.load(larger), out, out_array, i)
        return context.get_dummy_value()

    return types.void(v, types.int64, types.int64, types.int64, out), build


def _place(context: Any, builder: Any, array_type: Any, array: Any, i: Any, width: int) -> tuple[Any, Any, int]:
    """Where element i of an array is, the type of a vector that starts there, and the alignment of one element."""
    element = context.get_value_type(array_type.dtype)
    data = builder.gep(make_array(array_type)(context, builder, array).data, [i])
    return data, ir.VectorType(element, width), array_type.dtype.bitwidth // 8


def _load(context: Any, builder: Any, array_type: Any, array: Any, i: Any, width: int) -> Any:
    data, vector, align = _place(context, builder, array_type, array, i, width)
    return builder.load(builder.bitcast(data, vector.as_pointer()), align=align)


def _store(context: Any, builder: Any, value: Any, array_type: Any, array: Any, i: Any) -> None:
    data, vector, align = _place(context, builder, array_type, array, i, LANES)
    builder.store(value, builder.bitcast(data, vector.as_pointer()), align=align)


def _splat(builder: Any, value: Any, width: int) -> Any:
    """A vector of `width` times that value."""
    nothing = ir.Constant(ir.VectorType(value.type, width), ir.Undefined)
    first = builder.insert_element(nothing, value, _I32(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_I32, width), [0] * width))


overload(at_least)(lambda a, lo, bar: lambda a, lo, bar: _at_least(a, lo, bar))
overload(lowest_bit)(lambda mask: lambda mask: _lowest_bit(mask))
overload(lane_maxima)(
    lambda a, n, start, step, out: lambda a, n, start, step, out: _lane_maxima(a, n, start, step, out)
)
overload(count_larger)(lambda v, lo, hi, i, out: lambda v, lo, hi, i, out: _count_larger(v, lo, hi, i, out))
