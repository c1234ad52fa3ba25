"""The specification once more, as a float64 PyTorch model that autograd differentiates.

Truncation is `detach`. Under `segment` it is applied to the state at the boundaries. Under `sliding` every state is
held in several copies, equal in value: copy r reads copy r - 1 of the step before, copy 0 reads it detached, so that
copy r passes a gradient on through r recurrent edges. The loss takes copy k_trunc - 1, a memory slot is copy
k_remind - 1. The copies are a leading axis K of every state; K = 1 under `segment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

Tensors = dict[str, Any]


class Slot(NamedTuple):
    """A memory m (B,H) and what the score needs of it, computed when it was written: (B,A) additive, (B,) separable."""

    m: Any
    key: Any


def gradients(
    config: Mapping[str, Any],
    params: Mapping[str, Any],
    x: Any,
    dy: Any,
    h0: Any = None,
    c0: Any = None,
) -> dict[str, np.ndarray]:
    """x (T,B,I), dy (T,B,O), h0 c0 (B,H) or None -> y, h, c (s with a memory), grad.x, grad.h0, grad.c0, grad.NAME.

    y (T,B,O); h c s (T,B,H) of steps 1..T; each gradient of sum(dy y) is shaped like its tensor. All float64.

    Raises:
        ImportError: PyTorch is not installed.
    """
    torch = _import_torch()
    zeros = np.zeros((np.shape(x)[1], config["hidden_size"]))
    inputs = {"x": x, "h0": zeros if h0 is None else h0, "c0": zeros if c0 is None else c0}
    leaves = {
        name: torch.tensor(np.asarray(value, dtype=np.float64), requires_grad=True)
        for name, value in {**inputs, **params}.items()
    }
    values = _forward(torch, config, leaves)
    loss = (values["y"] * torch.tensor(np.asarray(dy, dtype=np.float64))).sum()
    grads = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, materialize_grads=True)
    found = {name: value.detach().numpy() for name, value in values.items()}
    return found | {f"grad.{name}": grad.numpy() for name, grad in zip(leaves, grads, strict=True)}


def _forward(torch: Any, config: Mapping[str, Any], p: Tensors) -> Tensors:
    """The leaves x (T,B,I), h0 c0 (B,H) and parameters -> y (T,B,O), h c (T,B,H), and s (T,B,H) with a memory."""
    copies, of_loss, of_slot = _copies(config, len(p["x"]))
    h, c = p["h0"].expand(copies, -1, -1), p["c0"].expand(copies, -1, -1)
    has_memory = config["k_top"] != 0
    slots = [_write(torch, config, p, p["h0"])] if has_memory and config["memory_start"] == "zero_state" else []
    states = []
    for t, x_t in enumerate(p["x"], start=1):
        h_, c_ = _truncate(torch, config, h, t), _truncate(torch, config, c, t)
        z_i, z_f, z_g, z_o = (x_t @ p["W_ih"].T + h_ @ p["W_hh"].T + p["b"]).chunk(4, dim=-1)
        c = torch.sigmoid(z_f) * c_ + torch.sigmoid(z_i) * torch.tanh(z_g)
        hhat = torch.sigmoid(z_o) * torch.tanh(c)
        s = _recall(torch, config, p, slots, hhat) if slots else torch.zeros_like(hhat)
        h = hhat + s
        if has_memory and t % config["k_att"] == 0:
            slots.append(_write(torch, config, p, h[of_slot]))
        states.append((h[of_loss], c[of_loss], s[of_loss]))
    hs, cs, ss = (torch.stack(column) for column in zip(*states, strict=True))
    y = hs @ p["V_h"].T + p["d"]
    return {"y": y + ss @ p["V_s"].T, "h": hs, "c": cs, "s": ss} if has_memory else {"y": y, "h": hs, "c": cs}


def _copies(config: Mapping[str, Any], T: int) -> tuple[int, int, int]:
    """How many copies K of each state, which of them losses take and which the slots; T edges never run out."""
    if config["truncation"] == "segment":
        return 1, 0, 0
    k_trunc = min(config["k_trunc"] or T, T)
    k_remind = min(config["k_remind"] or k_trunc, T)
    return max(k_trunc, k_remind), k_trunc - 1, k_remind - 1


def _truncate(torch: Any, config: Mapping[str, Any], state: Any, t: int) -> Any:
    """What step t reads of a state (K,B,H) of step t - 1. The edge into the initial state is never cut."""
    if t == 1:
        return state
    if config["truncation"] == "sliding":
        return torch.cat((state[:1].detach(), state[:-1]))
    k_trunc = config["k_trunc"]
    at_boundary = k_trunc is not None and (t - 1 + config["segment_offset"]) % k_trunc == 0
    return state.detach() if at_boundary else state


def _write(torch: Any, config: Mapping[str, Any], p: Tensors, m: Any) -> Slot:
    """The slot of a state m (B,H)."""
    seen = m if config["score_grad"] else m.detach()
    return Slot(m, seen @ p["W_m"].T if config["score"] == "additive" else torch.tanh(seen) @ p["u_m"])


def _recall(torch: Any, config: Mapping[str, Any], p: Tensors, slots: list[Slot], hhat: Any) -> Any:
    """The summary s (K,B,H) of N slots for the provisional states hhat (K,B,H)."""
    seen = hhat if config["score_grad"] else hhat.detach()
    keys = torch.stack([slot.key for slot in slots])[:, None]
    if config["score"] == "additive":
        a = torch.tanh(keys + seen @ p["W_q"].T) @ p["w_a"]
    else:
        a = torch.tanh(seen) @ p["u_q"] + keys
    memory = torch.stack([slot.m for slot in slots])
    if config["k_back"] is not None:
        places = torch.argsort(torch.argsort(a, dim=0, descending=True, stable=True), dim=0)
        a = torch.where(places < config["k_back"], a, a.detach())
        memory = torch.where((places < config["k_back"])[:, 0, :, None], memory, memory.detach())
    return torch.einsum("nkb,nbh->kbh", _sparsify(torch, config, a), memory)


def _sparsify(torch: Any, config: Mapping[str, Any], a: Any) -> Any:
    """Scores a (N,K,B) -> weights w (N,K,B). The sort is stable, so that a tie goes to the older slot."""
    N, k_top = len(a), config["k_top"]
    if config["sparsifier"] == "softmax":
        kept = torch.argsort(a, dim=0, descending=True, stable=True)[:k_top]
        return torch.zeros_like(a).scatter(0, kept, torch.softmax(a.gather(0, kept) / config["temperature"], dim=0))
    if k_top >= N and config["small_memory"] != "threshold":
        return a if config["small_memory"] == "raw" else torch.softmax(a, dim=0)
    r = min(k_top + (config["threshold_rank"] == "k_top+1"), N)
    theta = a.gather(0, torch.argsort(a, dim=0, descending=True, stable=True)[r - 1 : r])
    v = torch.relu(a - theta - config["margin"])  # relu, whose derivative at 0 is 0; that of clamp is 1
    return v / (v.sum(dim=0) + config["eps"])


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "the autograd oracle needs PyTorch, but should find it after pip install torch==2.13.0"
        ) from (error)
    return torch
