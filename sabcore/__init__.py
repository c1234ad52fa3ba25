"""sabcore: a from-scratch reference engine for Sparse Attentive Backtracking, with explicit gradients."""

from sabcore.array.dlpack import from_dlpack
from sabcore.engine import backward, forward
from sabcore.engine.topk import topk
from sabcore.model.config import PRESETS, SABConfig
from sabcore.model.files import load_params, lstm_from_torch, save_params
from sabcore.model.params import init_params, param_shapes

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
    "topk",
]
