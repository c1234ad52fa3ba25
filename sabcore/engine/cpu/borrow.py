"""Arrays that compiled code looks at without counting references to them.

Numba counts: every view of an array takes a reference and drops it, with an atomic instruction each. That is nothing
for one thread, but blocks on different cores would fight for the same few counters, many times a step. Python holds
the arrays for as long as a call lasts, so within it a view that counts nothing is safe.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _view(context: Any, builder: Any, array_type: Any, value: Any, b: Any) -> tuple[Any, Any]:
    """The type and value of `value[b]`, or of `value` if b is None, uncounted."""
    if array_type.layout != "C":
        raise TypeError(f"{array_type} is not C-contiguous")
    source = make_array(array_type)(context, builder, value)
    skip = 0 if b is None else 1
    view_type = types.Array(array_type.dtype, array_type.ndim - skip, "C")
    view = make_array(view_type)(context, builder)
    shape = cgutils.unpack_tuple(builder, source.shape)
    strides = cgutils.unpack_tuple(builder, source.strides)
    data, nitems = source.data, source.nitems
    if b is not None:
        data = cgutils.pointer_add(builder, data, builder.mul(b, strides[0]))
        nitems = context.get_constant(types.intp, 1)
        for size in shape[1:]:
            nitems = builder.mul(nitems, size)
    view.data, view.nitems, view.itemsize = data, nitems, source.itemsize
    view.shape = cgutils.pack_array(builder, shape[skip:], source.shape.type.element)
    view.strides = cgutils.pack_array(builder, strides[skip:], source.strides.type.element)
    view.meminfo = cgutils.get_null_value(view.meminfo.type)
    view.parent = cgutils.get_null_value(view.parent.type)
    return view_type, view._getvalue()


def _view_all(context: Any, builder: Any, tuple_type: Any, value: Any, b: Any) -> Any:
    parts = []
    for i, field in enumerate(tuple_type.types):
        part = builder.extract_value(value, i)
        parts.append(_view(context, builder, field, part, b)[1] if isinstance(field, types.Array) else part)
    return parts


def _types_of(tuple_type: Any, skip: int) -> Any:
    fields = [
        types.Array(field.dtype, field.ndim - skip, "C") if isinstance(field, types.Array) else field
        for field in tuple_type.types
    ]
    return types.BaseTuple.from_types(fields, tuple_type.instance_class)


@intrinsic
def _borrowed(typingctx: Any, arrays: Any) -> Any:
    """A named tuple of C-contiguous arrays and numbers, or one such array -> the same, uncounted."""
    if isinstance(arrays, types.Array):

        def of_array(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _view(context, builder, arrays, args[0], None)[1]

        return types.Array(arrays.dtype, arrays.ndim, "C")(arrays), of_array
    result = _types_of(arrays, 0)

    def of_tuple(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, result, _view_all(context, builder, arrays, args[0], None))

    return result(arrays), of_tuple


@intrinsic
def _block_of(typingctx: Any, arrays: Any, b: Any) -> Any:
    """A named tuple of C-contiguous arrays with a leading axis of blocks, int64 b -> block b of each, uncounted."""
    result = _types_of(arrays, 1)

    def of_tuple(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, result, _view_all(context, builder, arrays, args[0], args[1]))

    return result(arrays, b), of_tuple


def _block_of_python(arrays: Any, b: int) -> Any:
    """`block_of` where nothing is compiled."""
    return type(arrays)(*(part[b] if isinstance(part, np.ndarray) else part for part in arrays))


#: Under NUMBA_DISABLE_JIT all of this runs as ordinary Python, whose views need no care.
borrowed: Any = (lambda arrays: arrays) if numba.config.DISABLE_JIT else _borrowed
block_of: Any = _block_of_python if numba.config.DISABLE_JIT else _block_of
