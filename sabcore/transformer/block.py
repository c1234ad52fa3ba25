"""One block: attention between steps, then a layer within each; both read normalised vectors and add to their input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sabcore.array.library import Array
from sabcore.transformer.attention import AttentionCache, attention, attention_backward
from sabcore.transformer.feed_forward import FeedForwardCache, feed_forward, feed_forward_backward
from sabcore.transformer.layer_norm import NormCache, layer_norm, layer_norm_backward


class BlockCache(NamedTuple):
    """What each part kept, in the order in which they ran."""

    norm_p: NormCache
    attention: AttentionCache
    norm_r: NormCache
    feed_forward: FeedForwardCache


def block(x: Array, params: Mapping[str, Array], heads: int) -> tuple[Array, BlockCache]:
    """x (T,B,H), the block's parameters by name (see `param_shapes`) -> y (T,B,H), cache.

    p = layer_norm(x)           (K.1)   with gain_p and bias_p
    m = x + attention(p)        (K.2)
    r = layer_norm(m)           (K.3)   with gain_r and bias_r
    y = m + feed_forward(r)     (K.4)
    """
    p, norm_p = layer_norm(x, params["gain_p"], params["bias_p"])  # K.1
    read, attended = attention(p, params["W_q"], params["W_k"], params["W_v"], params["W_o"], heads)
    m = x + read  # K.2
    r, norm_r = layer_norm(m, params["gain_r"], params["bias_r"])  # K.3
    added, fed = feed_forward(r, *(params[name] for name in ("W_1", "b_1", "W_2", "b_2")))
    y = m + added  # K.4
    return y, BlockCache(norm_p, attended, norm_r, fed)


def block_backward(dy: Array, cache: BlockCache, params: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """dy (T,B,H), cache, the block's parameters -> dx (T,B,H), the gradient of each of them by name."""
    dr, of_feed_forward = feed_forward_backward(dy, cache.feed_forward, params["W_1"], params["W_2"])  # K.4*
    through_r, dgain_r, dbias_r = layer_norm_backward(dr, cache.norm_r, params["gain_r"])
    dm = dy + through_r  # K.3*
    weights = (params[name] for name in ("W_q", "W_k", "W_v", "W_o"))
    dp, of_attention = attention_backward(dm, cache.attention, *weights)  # K.2*
    through_p, dgain_p, dbias_p = layer_norm_backward(dp, cache.norm_p, params["gain_p"])
    dx = dm + through_p  # K.1*
    norms = {"gain_p": dgain_p, "bias_p": dbias_p, "gain_r": dgain_r, "bias_r": dbias_r}
    return dx, norms | of_attention | of_feed_forward
