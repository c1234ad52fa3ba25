"""The stand-alone top-k on the GPU; `sabcore.engine.topk.topk` is its door, and says how values are ranked."""

from __future__ import annotations

import functools

from sabcore.array.library import Array, array_module
from sabcore.engine.cuda import launch
from sabcore.engine.cuda.build import WARP, Build, make_build
from sabcore.model.config import SABConfig


def largest(rows: Array, k: int) -> tuple[Array, Array]:
    """rows (rows,n) on the device, k at most n -> indices values (rows,k), ranked; a warp for each row.

    Beyond a warp's width k, where the kernel would count every pair, CuPy sorts; its sort puts NaN last as well.
    """
    xp = array_module(rows)
    if k > WARP:
        indices = xp.argsort(-rows, axis=1, kind="stable")[:, :k]
        return indices, xp.take_along_axis(rows, indices, axis=1)
    rows = xp.ascontiguousarray(rows)
    indices, values = xp.empty((len(rows), k), "int64"), xp.empty((len(rows), k), rows.dtype)
    if indices.size:
        scratch = xp.empty(rows.shape, "int32"), xp.empty(rows.shape, rows.dtype)
        shape = xp.int32(rows.shape[1]), xp.int32(k)
        launch.launch("topk", _build(str(rows.dtype)), len(rows), WARP, 0, rows, *shape, indices, values, *scratch)
    return indices, values


@functools.cache
def _build(dtype: str) -> Build:
    """The smallest, for the kernel that knows of no model."""
    build = make_build(SABConfig.lstm(input_size=1, hidden_size=1, output_size=1), dtype, 48 * 1024)
    assert build is not None
    return build
