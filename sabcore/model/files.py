"""Where parameters come from and go to: files of their own, and the state dict of a PyTorch LSTM."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from sabcore.array.checks import check_params
from sabcore.array.files import read_tensors, write_tensors
from sabcore.errors import FormatError, ShapeError
from sabcore.model.config import SABConfig
from sabcore.model.params import Params, param_shapes
from sabcore.text import one_line


def lstm_from_torch(state: Mapping[str, Any]) -> Params:
    """W_ih, W_hh and b of an `nn.LSTM` (one layer, one direction) or `nn.LSTMCell` state dict.

    The gate order i, f, g, o is PyTorch's own; `b = b_ih + b_hh` (zeros for a model without biases). `state` holds
    tensors or arrays; the remaining parameters of a SAB model are not in it: update an `init_params` with the result.

    Raises:
        ShapeError: names or shapes that are not those of one such layer.
    """
    if not isinstance(state, Mapping):
        raise ShapeError(f"the state dict is a {type(state).__name__}, but should be a dict of tensors by name")
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
    check_params(params, param_shapes(config))
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
        check_params(tensors, param_shapes(config))
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"{path} holds no usable model: {one_line(error)}") from error
    return config, tensors
