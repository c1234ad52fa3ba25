"""sabcore: a from-scratch reference engine for Sparse Attentive Backtracking, with explicit gradients."""

from sabcore.config import PRESETS, SABConfig
from sabcore.engine import backward, forward
from sabcore.interop import from_dlpack
from sabcore.params import init_params, load_params, lstm_from_torch, param_shapes, save_params

__version__ = "0.1.0"

__all__ = [
    "PRESETS",
    "SABConfig",
    "backward",
    "forward",
    "from_dlpack",
    "init_params",
    "load_params",
    "lstm_from_torch",
    "param_shapes",
    "save_params",
]
