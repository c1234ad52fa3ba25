"""The whole Transformer: inputs with their positions, blocks, a last norm, outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sabcore.array.checks import check_array, check_params
from sabcore.array.library import Array, array_module
from sabcore.array.products import each_times, outer_sum
from sabcore.transformer.block import BlockCache, block, block_backward
from sabcore.transformer.config import TransformerConfig
from sabcore.transformer.layer_norm import NormCache, layer_norm, layer_norm_backward
from sabcore.transformer.params import block_name, param_shapes
from sabcore.transformer.positions import sinusoids

#: The parameters of each block by name, the first block first.
BlockParams = list[dict[str, Array]]


class Tape(NamedTuple):
    """One forward pass: x (T,B,I), what each block kept, the last norm's record, and n (T,B,H) what it gave."""

    x: Array
    blocks: list[BlockCache]
    norm: NormCache
    n: Array


def forward(config: TransformerConfig, params: Mapping[str, Array], x: Array) -> tuple[Array, Tape]:
    """x (T,B,I) -> y (T,B,O), tape; step t of y depends on the steps of x up to t alone.

    e = W_x x + position     (W.1)
    g = blocks(e)            (W.2)   one after the other
    n = layer_norm(g)        (W.3)
    y = V n + d              (W.4)

    Raises:
        ShapeError, DTypeError, NonFiniteError: arrays that do not fit the config or each other, by name.
    """
    check_array("x", x, ("T", "B", config.input_size))
    check_params(params, param_shapes(config), like=x)
    xp, T = array_module(x), len(x)
    position = sinusoids(T, config.hidden_size, xp).astype(x.dtype)[:, None]
    e = each_times(x, params["W_x"].T) + position  # W.1
    g, kept = blocks(e, block_params(config, params), config.heads)  # W.2
    n, norm = layer_norm(g, params["gain"], params["bias"])  # W.3
    y = each_times(n, params["V"].T) + params["d"]  # W.4
    return y, Tape(x, kept, norm, n)


def backward(config: TransformerConfig, params: Mapping[str, Array], tape: Tape, dy: Array) -> dict[str, Array]:
    """dy (T,B,O), the tape -> the gradient of sum(dy y) with respect to each parameter, by name, and `x` (T,B,I).

    Raises:
        ShapeError, DTypeError, NonFiniteError: a dy that does not fit the tape.
    """
    check_array("dy", dy, (*tape.x.shape[:2], config.output_size), like=tape.x)
    dn, dV, dd = each_times(dy, params["V"]), outer_sum(dy, tape.n), dy.sum(axis=(0, 1))  # W.4*
    dg, dgain, dbias = layer_norm_backward(dn, tape.norm, params["gain"])  # W.3*
    de, grads = blocks_backward(dg, tape.blocks, block_params(config, params))  # W.2*
    dx, dW_x = each_times(de, params["W_x"]), outer_sum(de, tape.x)  # W.1*
    return {"W_x": dW_x, **grads, "gain": dgain, "bias": dbias, "V": dV, "d": dd, "x": dx}


def blocks(x: Array, params: BlockParams, heads: int) -> tuple[Array, list[BlockCache]]:
    """x (T,B,H), each block's parameters -> y (T,B,H), what each block kept."""
    kept = []
    for of_block in params:
        x, cache = block(x, of_block, heads)
        kept.append(cache)
    return x, kept


def blocks_backward(dy: Array, kept: list[BlockCache], params: BlockParams) -> tuple[Array, dict[str, Array]]:
    """dy (T,B,H), what each block kept, its parameters -> dx (T,B,H), every gradient by its full name."""
    grads: dict[str, Array] = {}
    for layer in range(len(params), 0, -1):
        dy, found = block_backward(dy, kept[layer - 1], params[layer - 1])
        grads |= {block_name(layer, name): value for name, value in found.items()}
    return dy, grads


def block_params(config: TransformerConfig, params: Mapping[str, Array]) -> BlockParams:
    """The parameters of each block in turn, under the names that they have there."""
    prefixes = [block_name(layer, "") for layer in range(1, config.layers + 1)]
    return [
        {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
        for prefix in prefixes
    ]
