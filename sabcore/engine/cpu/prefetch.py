"""Memory asked for before it is needed, so that no step waits for it. No result depends on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

#: Bytes of a line of the cache, which arrive together.
LINE = 64


def prefetch(a: np.ndarray) -> None:
    """Asks for all of a, which is C-contiguous. Nothing as Python runs it; in compiled code an instruction a line."""


@intrinsic
def _prefetch(typingctx: Any, a: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word, byte = ir.IntType(32), ir.IntType(8)
        array = make_array(a)(context, builder, args[0])
        start = builder.bitcast(array.data, byte.as_pointer())
        size = builder.mul(array.nitems, array.itemsize)
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), word, word, word])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        step, zero = ir.Constant(size.type, LINE), ir.Constant(size.type, 0)
        with cgutils.for_range_slice(builder, zero, size, step, size.type) as (i, _):
            builder.call(ask, [builder.gep(start, [i]), word(0), word(2), word(1)])  # to be read, into the second level
        return context.get_dummy_value()

    return types.void(a), build


overload(prefetch)(lambda a: lambda a: _prefetch(a))
