"""SAB in PyTorch, differentiated by autograd: the time loop and the sparse read, whatever the score is.

Written for speed in eager mode: the inputs' product is one for all steps, memories and keys grow by `torch.cat` (see
`Grown`), and only the selected memories are gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..workload import Workload
from .base import Grads, Run

Tensors = dict[str, Any]
#: `key(p, h)` is what a new slot h (B,H) keeps for the score, (B,*); `score(p, keys, hhat)` is a (N,B).
Key = Callable[[Tensors, Any], Any]
Score = Callable[[Tensors, Any, Any], Any]
Step = Callable[..., tuple[Any, Any, Any]]


def tensors(workload: Workload, device: str) -> tuple[Tensors, Any]:
    """The leaves, "x" and every parameter, and dy, as tensors on `device`."""
    import torch

    arrays = {"x": workload.x, **workload.params}
    leaves = {name: torch.tensor(value, device=device, requires_grad=True) for name, value in arrays.items()}
    return leaves, torch.tensor(workload.dy, device=device)


class Grown:
    """Rows that have been appended, as one tensor at any time. The backward pass of `torch.cat` is a slice."""

    def __init__(self) -> None:
        self._rows: Any = None

    def append(self, row: Any) -> None:
        """row (B,*)."""
        import torch

        self._rows = row[None] if self._rows is None else torch.cat((self._rows, row[None]))

    def all(self) -> Any:
        """(N,B,*), or None where N = 0."""
        return self._rows


def prepare(workload: Workload, device: str, step: Step, key: Key, rows: Callable[[], Any] = Grown) -> Run:
    """A run of the loop around `step(p, k_top, xz, h, c, M, keys) -> h, c, s`; `rows()` holds slots or keys."""
    p, dy = tensors(workload, device)
    return lambda: differentiate(p, _forward(workload, p, step, key, rows), dy)


def differentiate(p: Tensors, y: Any, dy: Any) -> Grads:
    """y (T,B,O), dy (T,B,O) -> y and the gradients of every leaf."""
    import torch

    return {"y": y} | dict(zip(p, torch.autograd.grad(y, list(p.values()), dy), strict=True))


def _forward(workload: Workload, p: Tensors, step: Step, key: Key, rows: Callable[[], Any]) -> Any:
    """y (T,B,O)."""
    import torch

    config, T = workload.config, workload.T
    xz = (p["x"] @ p["W_ih"].T + p["b"]).unbind()
    h = c = p["x"].new_zeros(workload.B, config.hidden_size)
    M, keys, hs, ss = rows(), rows(), [], []
    for t in range(1, T + 1):
        if config.k_trunc and t > 1 and (t - 1) % config.k_trunc == 0:
            h, c = h.detach(), c.detach()
        h, c, s = step(p, config.k_top, xz[t - 1], h, c, M.all(), keys.all())
        hs.append(h)
        ss.append(s)
        if t % config.k_att == 0 and t < T:
            M.append(h)
            keys.append(key(p, h))
    return torch.stack(hs) @ p["V_h"].T + torch.stack(ss) @ p["V_s"].T + p["d"]


def make_step(score: Score) -> Step:
    """The step of a model with that score."""
    import torch

    def step(p: Tensors, k_top: int, xz: Any, h: Any, c: Any, M: Any, keys: Any) -> tuple[Any, Any, Any]:
        """xz (B,4H), h c (B,H), M (N,B,H), keys (N,B,*), both None where N = 0 -> h c s (B,H)."""
        z_i, z_f, z_g, z_o = torch.addmm(xz, h, p["W_hh"].T).chunk(4, dim=-1)
        c = torch.sigmoid(z_f) * c + torch.sigmoid(z_i) * torch.tanh(z_g)
        hhat = torch.sigmoid(z_o) * torch.tanh(c)
        if M is None:
            return hhat, c, torch.zeros_like(hhat)
        best, slots = torch.topk(score(p, keys, hhat), min(k_top + 1, M.shape[0]), dim=0)
        v = best - best[-1]
        w = v / (v.sum(dim=0) + 1e-7)
        read = M[slots, torch.arange(M.shape[1], device=M.device)]
        s = (w[..., None] * read).sum(dim=0)
        return hhat + s, c, s

    return step
