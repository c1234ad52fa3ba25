"""The stand-alone top-k on the GPU."""

from __future__ import annotations

from sabcore.backend import Array, array_module
from sabcore.engine.cuda.launch import launch
from sabcore.engine.cuda.plan import FORWARD_THREADS
from sabcore.errors import DTypeError, ShapeError


def topk(a: Array, k: int) -> tuple[Array, Array]:
    """The k largest values of each row, ranked as `sabcore.topk.topk` ranks them; a block for each row.

    Args:
        a: (n,) or (rows,n), float32 or float64, on the device; NaN and infinities are welcome.
        k: at least 0; at and above n, everything is ranked.

    Returns:
        indices (min(k,n),) or (rows,min(k,n)), int64, best first, and the values there.

    Raises:
        ShapeError: `a` has no such shape, or k is negative.
        DTypeError: another element type.
    """
    if a.ndim not in (1, 2):
        raise ShapeError(f"a has shape {a.shape}, but should be (n,) or (rows,n)")
    if k < 0:
        raise ShapeError(f"k is {k}, but should be at least 0")
    if str(a.dtype) not in ("float32", "float64"):
        raise DTypeError(f"a has dtype {a.dtype}, but should have float32 or float64")
    xp, rows = array_module(a), a.reshape(-1, a.shape[-1]).copy()
    shape = (len(rows), min(k, rows.shape[1]))
    indices, values = xp.empty(shape, "int64"), xp.empty(shape, a.dtype)
    if indices.size:
        threads = min(FORWARD_THREADS, -(-rows.shape[1] // 32) * 32)
        some_indices, some_values = xp.empty(rows.shape, "int32"), xp.empty(rows.shape, a.dtype)
        launch("topk", len(rows), threads, 0, rows, shape[1], indices, values, some_indices, some_values)
    return (indices, values) if a.ndim == 2 else (indices[0], values[0])
