"""The stand-alone top-k on the GPU; `sabcore.topk.topk` is its door, and says how values are ranked."""

from __future__ import annotations

from sabcore.array.library import Array, array_module
from sabcore.engine.cuda.launch import launch


def largest(rows: Array, k: int) -> tuple[Array, Array]:
    """rows (rows,n) on the device, k at most n -> indices values (rows,k), ranked; a block for each row."""
    xp = array_module(rows)
    rows = xp.ascontiguousarray(rows)
    indices, values = xp.empty((len(rows), k), "int64"), xp.empty((len(rows), k), rows.dtype)
    if indices.size:
        some_indices, some_values = xp.empty(rows.shape, "int32"), xp.empty(rows.shape, rows.dtype)
        launch("topk", None, rows.dtype, len(rows), 0, rows, k, indices, values, some_indices, some_values)
    return indices, values
