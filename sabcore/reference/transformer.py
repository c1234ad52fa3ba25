"""The Transformer once more, of PyTorch's own layers, which autograd differentiates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .autograd import _import_torch


def gradients(config: Mapping[str, Any], params: Mapping[str, Any], x: Any, dy: Any) -> dict[str, np.ndarray]:
    """x (T,B,I), dy (T,B,O) -> y (T,B,O), and of sum(dy y) grad.x and grad.NAME for each parameter. All float64.

    Raises:
        ImportError: PyTorch is not installed.
    """
    torch = _import_torch()
    leaves = {
        name: torch.tensor(np.asarray(value, dtype=np.float64), requires_grad=True)
        for name, value in {"x": x, **params}.items()
    }
    y = _forward(torch, config, leaves)
    loss = (y * torch.tensor(np.asarray(dy, dtype=np.float64))).sum()
    grads = torch.autograd.grad(loss, list(leaves.values()))
    found = {f"grad.{name}": grad.numpy() for name, grad in zip(leaves, grads, strict=True)}
    return {"y": y.detach().numpy(), **found}


def _forward(torch: Any, config: Mapping[str, Any], p: dict[str, Any]) -> Any:
    """The leaves x (T,B,I) and parameters -> y (T,B,O); batch first inside, as PyTorch's attention has it."""
    F, H = torch.nn.functional, config["hidden_size"]
    z = F.linear(p["x"].transpose(0, 1), p["W_x"]) + _positions(torch, len(p["x"]), H)
    for layer in range(1, config["layers"] + 1):
        b = {name.split(".")[1]: value for name, value in p.items() if name.startswith(f"block{layer}.")}
        z = z + _attention(F, F.layer_norm(z, (H,), b["gain_p"], b["bias_p"], 1e-5), b, config["heads"])
        inner = F.relu(F.linear(F.layer_norm(z, (H,), b["gain_r"], b["bias_r"], 1e-5), b["W_1"], b["b_1"]))
        z = z + F.linear(inner, b["W_2"], b["b_2"])
    return F.linear(F.layer_norm(z, (H,), p["gain"], p["bias"], 1e-5), p["V"], p["d"]).transpose(0, 1)


def _attention(F: Any, z: Any, b: Mapping[str, Any], heads: int) -> Any:
    """z (B,T,H) -> (B,T,H): PyTorch's own causal attention over (B,n,T,E)."""
    B, T, H = z.shape
    q, k, v = (F.linear(z, b[name]).view(B, T, heads, H // heads).transpose(1, 2) for name in ("W_q", "W_k", "W_v"))
    read = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return F.linear(read.transpose(1, 2).reshape(B, T, H), b["W_o"])


def _positions(torch: Any, T: int, H: int) -> Any:
    """(T,H): unit u of step t is sin or cos, u even or odd, of t 10000^(-(u - u mod 2) / H), one number at a time."""
    rows = [
        [np.sin(t / 10000 ** (u / H)) if u % 2 == 0 else np.cos(t / 10000 ** ((u - 1) / H)) for u in range(H)]
        for t in range(T)
    ]
    return torch.tensor(np.array(rows))
