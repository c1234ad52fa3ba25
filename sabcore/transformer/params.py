"""A Transformer's named parameters: their shapes, and seeded initialisation."""

from __future__ import annotations

import math

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.array.library import DTYPES, Array
from sabcore.errors import DTypeError
from sabcore.transformer.config import TransformerConfig

#: Parameters by name; see `param_shapes`.
Params = dict[str, Array]


def param_shapes(config: TransformerConfig) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter, weights as (out, in).

    Inputs: W_x (H,I). Block l = 1, 2, ..., each name after `block<l>.`: the norm before the attention gain_p bias_p
    (H,); attention W_q W_k W_v W_o (H,H); the norm before the feed-forward layer gain_r bias_r (H,); the layer W_1
    (F,H), b_1 (F,), W_2 (H,F), b_2 (H,). The last norm: gain bias (H,). Outputs: V (O,H), d (O,).
    """
    I, H, O, F = config.input_size, config.hidden_size, config.output_size, config.F  # noqa: E741
    norms = dict.fromkeys(("gain_p", "bias_p", "gain_r", "bias_r"), (H,))
    attention = dict.fromkeys(("W_q", "W_k", "W_v", "W_o"), (H, H))
    block = norms | attention | {"W_1": (F, H), "b_1": (F,), "W_2": (H, F), "b_2": (H,)}
    shapes: dict[str, tuple[int, ...]] = {"W_x": (H, I)}
    for layer in range(1, config.layers + 1):
        shapes |= {block_name(layer, name): shape for name, shape in block.items()}
    return shapes | {"gain": (H,), "bias": (H,), "V": (O, H), "d": (O,)}


def block_name(layer: int, name: str) -> str:
    """What a block's parameter is called among all: 2, "W_q" -> "block2.W_q"."""
    return f"block{layer}.{name}"


def init_params(config: TransformerConfig, seed: int = 0, dtype: str = "float32") -> Params:
    """Fresh parameters: gains one, biases zero, weights uniform in +-sqrt(6 / (in + out)) (Glorot and Bengio, 2010).

    Drawn in float64 and rounded, so that the same seed gives the same model in every dtype.

    Raises:
        ConfigError: a seed that is no whole number from 0 on.
        DTypeError: a dtype that is not computed with.
    """
    check_whole("seed", seed, 0)
    if dtype not in DTYPES:
        raise DTypeError(f"dtype is {dtype!r}, but should be one of {', '.join(DTYPES)}")
    rng = np.random.default_rng(seed)
    return {name: _start(rng, name, shape).astype(dtype) for name, shape in param_shapes(config).items()}


def _start(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) == 1:
        return np.ones(shape) if "gain" in name else np.zeros(shape)
    bound = math.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)
