"""A plain LSTM by `torch.nn.LSTM`: oneDNN on a CPU, cuDNN on a GPU. Truncation is one call a segment, and `detach`."""

from __future__ import annotations

from typing import Any

from ..workload import Workload
from .base import Entrant, Grads, Run, not_installed, only_lstm
from .torch_sab import Tensors, differentiate, tensors

#: torch.nn's names of what it shares with the spec; its second bias stays zero.
NAMES = {"weight_ih_l0": "W_ih", "weight_hh_l0": "W_hh", "bias_ih_l0": "b"}


def torch_lstm(device: str = "cpu", *, tf32: bool = False) -> Entrant:
    """The entrant on "cpu" or "cuda"; cuDNN may round its factors to TF32 only where that is asked for."""
    return Entrant(
        name="torch-lstm-tf32" if tf32 else "torch-lstm",
        title="torch.nn.LSTM, TF32" if tf32 else "torch.nn.LSTM",
        missing=not_installed("torch"),
        refuses=only_lstm,
        prepare=lambda workload: _prepare(workload, device, tf32),
    )


def _prepare(workload: Workload, device: str, tf32: bool) -> Run:
    import torch

    config = workload.config
    p, dy = tensors(workload, device)
    lstm = torch.nn.LSTM(config.input_size, config.hidden_size).to(device, p["x"].dtype)
    with torch.no_grad():
        lstm.bias_hh_l0.zero_()
        for theirs, ours in NAMES.items():
            getattr(lstm, theirs).copy_(p[ours])
    p |= {ours: getattr(lstm, theirs) for theirs, ours in NAMES.items()}
    chunk = config.k_trunc or workload.T

    def run() -> Grads:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=tf32):  # what is not named here is switched off
            return differentiate(p, _forward(lstm, p, chunk), dy)

    return run


def _forward(lstm: Any, p: Tensors, chunk: int) -> Any:
    """y (T,B,O)."""
    import torch

    hs, state = [], None
    for x in p["x"].split(chunk):
        h, state = lstm(x, state)
        state = tuple(part.detach() for part in state)
        hs.append(h)
    return torch.cat(hs) @ p["V_h"].T + p["d"]
