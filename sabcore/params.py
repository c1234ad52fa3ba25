"""Named parameters: their shapes, seeded initialisation, and where they come from and go to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from sabcore.backend import DTYPES, Array, check_params
from sabcore.config import SABConfig
from sabcore.errors import DTypeError, FormatError, ShapeError
from sabcore.storage import read_tensors, write_tensors

#: Parameters by the spec's names; see `param_shapes`.
Params = dict[str, Array]


def param_shapes(config: SABConfig) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter the model has, weights as (out, in).

    LSTM: W_ih (4H,I), W_hh (4H,H), b (4H,). Output layer: V_h (O,H), V_s (O,H), d (O,).
    Score: W_m W_q (A,H), w_a (A,) if additive; u_q u_m (H,) if separable. A plain LSTM has no V_s and no score.
    """
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
        DTypeError: a dtype the engine does not compute with.
    """
    if str(np.dtype(dtype)) not in DTYPES:
        raise DTypeError(f"dtype is {dtype!r}, but should be one of {', '.join(DTYPES)}")
    H, rng = config.hidden_size, np.random.default_rng(seed)
    bound = H**-0.5
    params = {name: rng.uniform(-bound, bound, shape) for name, shape in param_shapes(config).items()}
    params["b"][H : 2 * H] += 1.0
    return {name: value.astype(dtype) for name, value in params.items()}


def lstm_from_torch(state: Mapping[str, Any]) -> Params:
    """W_ih, W_hh and b of an `nn.LSTM` (one layer, one direction) or `nn.LSTMCell` state dict.

    The gate order i, f, g, o is PyTorch's own; `b = b_ih + b_hh` (zeros for a model without biases). `state` holds
    tensors or arrays; the remaining parameters of a SAB model are not in it: update an `init_params` with the result.

    Raises:
        ShapeError: names or shapes that are not those of one such layer.
    """
    suffix = "_l0" if "weight_ih_l0" in state else ""
    names = [f"weight_ih{suffix}", f"weight_hh{suffix}"]
    biases = [f"bias_ih{suffix}", f"bias_hh{suffix}"]
    has_bias = any(name in state for name in biases)
    expected = set(names + (biases if has_bias else []))
    if set(state) != expected:
        raise ShapeError(
            f"the state dict holds {', '.join(sorted(state)) or 'nothing'}, but should hold exactly "
            f"{', '.join(sorted(expected))}: one layer, one direction, no projection"
        )
    W_ih, W_hh = (_as_numpy(state[name]) for name in names)
    if W_ih.ndim != 2 or W_hh.ndim != 2 or W_hh.shape[0] != 4 * W_hh.shape[1] or W_ih.shape[0] != W_hh.shape[0]:
        raise ShapeError(f"{names[0]} {W_ih.shape} and {names[1]} {W_hh.shape} should be (4H, I) and (4H, H)")
    b = np.zeros(len(W_hh), W_hh.dtype)
    for name in biases if has_bias else []:
        if (bias := _as_numpy(state[name])).shape != b.shape:
            raise ShapeError(f"{name} has shape {bias.shape}, but should have {b.shape}")
        b = b + bias
    return {"W_ih": W_ih, "W_hh": W_hh, "b": b}


def _as_numpy(value: Any) -> np.ndarray:
    """A NumPy copy of an array, or of a tensor that may live on a device and require gradients."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.array(value)


def save_params(path: str | os.PathLike, config: SABConfig, params: Mapping[str, np.ndarray]) -> None:
    """Write a model, its config and its parameters, to one safetensors file.

    Raises:
        ShapeError, DTypeError, NonFiniteError: parameters that are not this config's.
        FormatError: the file cannot be written.
    """
    check_params(params, param_shapes(config), like=next(iter(params.values()), np.zeros(1)))
    metadata = {"format": "sab-params", "version": "1", "config": json.dumps(config.to_dict())}
    write_tensors(path, params, metadata)


def load_params(path: str | os.PathLike) -> tuple[SABConfig, Params]:
    """The config and the parameters of a file that `save_params` wrote.

    Raises:
        FormatError: not such a file, or one that contradicts itself.
    """
    tensors, metadata = read_tensors(path)
    if (metadata.get("format"), metadata.get("version")) != ("sab-params", "1"):
        raise FormatError(f"{path} is not a sab-params file, version 1, as save_params writes")
    try:
        config = SABConfig.from_dict(json.loads(metadata.get("config", "")))
        check_params(tensors, param_shapes(config), like=next(iter(tensors.values()), np.zeros(1)))
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path} holds no usable model: {error}") from error
    return config, tensors
