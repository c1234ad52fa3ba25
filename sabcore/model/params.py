"""Named parameters: their shapes, and seeded initialisation."""

from __future__ import annotations

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.array.library import DTYPES, Array
from sabcore.errors import DTypeError
from sabcore.model.config import SABConfig, check_config

#: Parameters by the spec's names; see `param_shapes`.
Params = dict[str, Array]


def param_shapes(config: SABConfig) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter the model has, weights as (out, in).

    LSTM: W_ih (4H,I), W_hh (4H,H), b (4H,). Output layer: V_h (O,H), V_s (O,H), d (O,).
    Score: W_m W_q (A,H), w_a (A,) if additive; u_q u_m (H,) if separable. A plain LSTM has no V_s and no score.
    """
    check_config(config)
    I, H, O, A = config.input_size, config.hidden_size, config.output_size, config.A  # noqa: E741
    shapes: dict[str, tuple[int, ...]] = {"W_ih": (4 * H, I), "W_hh": (4 * H, H), "b": (4 * H,)}
    if config.has_memory and config.score == "additive":
        shapes |= {"W_m": (A, H), "W_q": (A, H), "w_a": (A,)}
    if config.has_memory and config.score == "separable":
        shapes |= {"u_q": (H,), "u_m": (H,)}
    shapes |= {"V_h": (O, H)}
    if config.has_memory:
        shapes |= {"V_s": (O, H)}
    return shapes | {"d": (O,)}


def init_params(config: SABConfig, seed: int = 0, dtype: str = "float32") -> Params:
    """Fresh parameters, uniform in +-1/sqrt(H) as PyTorch's LSTM starts (Jozefowicz et al., 2015: forget bias + 1).

    Drawn in float64 and rounded, so that the same seed gives the same model in every dtype.

    Raises:
        ConfigError: something that is no config, or a seed that is no whole number from 0 on.
        DTypeError: a dtype the engine does not compute with.
    """
    check_config(config)
    check_whole("seed", seed, 0)
    if _name_of(dtype) not in DTYPES:
        raise DTypeError(f"dtype is {dtype!r}, but should be one of {', '.join(DTYPES)}")
    H, rng = config.hidden_size, np.random.default_rng(seed)
    bound = H**-0.5
    params = {name: rng.uniform(-bound, bound, shape) for name, shape in param_shapes(config).items()}
    params["b"][H : 2 * H] += 1.0
    return {name: value.astype(dtype) for name, value in params.items()}


def _name_of(dtype: object) -> str | None:
    """Of an element type in any of NumPy's spellings; None is no spelling, though NumPy takes it for float64."""
    try:
        return None if dtype is None else str(np.dtype(dtype))  # type: ignore[call-overload]
    except TypeError:
        return None
