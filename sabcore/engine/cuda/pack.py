"""Between the parameters as users know them and as the kernels multiply: padded, by unit, in pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sabcore.array.library import Array, array_module
from sabcore.engine.cuda.build import Build, Shape, backward_products, forward_products
from sabcore.engine.cuda.records import Weights


def by_unit(array: Array, H: int) -> Array:
    """(4h,...), gate by gate -> (4H,...), unit by unit, h padded to H."""
    xp, h, rest = array_module(array), len(array) // 4, array.shape[1:]
    units = array.reshape(4, h, *rest).swapaxes(0, 1)
    if h < H:
        units = xp.concatenate((units, xp.zeros((H - h, 4, *rest), array.dtype)))
    return units.reshape(4 * H, *rest)


def by_gate(array: Array, h: int) -> Array:
    """(4H,...) -> (4h,...): what `by_unit` did, undone."""
    rest = array.shape[1:]
    return array.reshape(-1, 4, *rest)[:h].swapaxes(0, 1).reshape(4 * h, *rest)


def pad(array: Array, *sizes: int) -> Array:
    """The array, or a larger one of the shape `sizes` that is zero elsewhere."""
    if array.shape == sizes:
        return array
    wide = array_module(array).zeros(sizes, array.dtype)
    wide[tuple(map(slice, array.shape))] = array
    return wide


def in_pieces(M: Array, shape: Shape) -> Array:
    """M (4 groups, columns) -> (depth,4,groups,lanes,4), as product.cu reads it."""
    M = pad(M, 4 * shape.groups, shape.depth * shape.lanes * 4)
    M = M.reshape(shape.groups, 4, shape.depth, shape.lanes, 4).transpose(2, 1, 0, 3, 4)
    return array_module(M).ascontiguousarray(M)


def forward_weights(build: Build, params: Mapping[str, Array]) -> Weights:
    """Every matrix of the recurrence, for the forward kernel."""
    return _weights(build, params, forward_products(build), lambda M: M)


def backward_weights(build: Build, params: Mapping[str, Array]) -> Weights:
    """The same transposed, for the backward kernel."""
    return _weights(build, params, backward_products(build), lambda M: M.T)


def _weights(
    build: Build, params: Mapping[str, Array], products: Mapping[str, Shape], turn: Callable[[Array], Array]
) -> Weights:
    """W_hh (4H,H) by unit, W_q W_m (A,H), w_a (A,); a separable score's vectors are the first row of a matrix."""
    H, A, (gates, query, key) = build.H, build.A, products.values()
    W_hh = in_pieces(turn(pad(by_unit(params["W_hh"], H), 4 * H, H)), gates)
    if not build.MEMORY:
        return Weights(W_hh, None, None, None)
    names = ("W_q", "W_m") if build.ADDITIVE else ("u_q", "u_m")
    W_q, W_m = (pad(params[name].reshape(-1, params[name].shape[-1]), A, H) for name in names)
    w_a = array_module(W_q).ascontiguousarray(pad(params["w_a"], A)) if build.ADDITIVE else None
    return Weights(W_hh, in_pieces(turn(W_q), query), in_pieces(turn(W_m), key), w_a)
