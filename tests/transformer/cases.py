"""Small Transformers with every size different, and random numbers for them."""

import numpy as np

from sabcore.transformer import TransformerConfig, init_params

CONFIG = TransformerConfig(input_size=3, hidden_size=6, output_size=4, layers=2, heads=2, feed_forward_size=5)
T, B = 7, 2


def inputs(config=CONFIG, steps=T, rows=B, seed=0):
    """Parameters moved away from their start, x and dy."""
    rng = np.random.default_rng(seed)
    start = init_params(config, seed, "float64")
    params = {name: value + 0.3 * rng.normal(size=value.shape) for name, value in start.items()}
    x, dy = (rng.normal(size=(steps, rows, size)) for size in (config.input_size, config.output_size))
    return params, x, dy


def all_complex(arrays):
    """The same numbers, all of one type, where the complex step moved one of them."""
    return {name: value.astype(complex) for name, value in arrays.items()}
