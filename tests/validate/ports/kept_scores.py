"""Top-k attention: keep the k best scores, zero the rest, normalise to sum one."""

import torch
from torch import Tensor


def topk_normalise(e: Tensor, k: int, eps: float = 1e-7) -> Tensor:
    vals, idx = torch.topk(e, min(k, e.shape[-1]), dim=-1)
    kept = torch.zeros_like(e).scatter(-1, idx, vals)
    return kept / (kept.sum(-1, keepdim=True) + eps)


class Model:
    W_ih: Tensor
    W_hh: Tensor
    b: Tensor
    W_m: Tensor
    W_q: Tensor
    w_a: Tensor
    V_h: Tensor
    V_s: Tensor
    d: Tensor

    def __init__(self, config, weights):
        self.config = config
        self.__dict__.update(weights)

    def cell(self, x, h, c):
        gates = torch.addmm(self.b, x, self.W_ih.t()) + h @ self.W_hh.t()
        H = self.config["hidden_size"]
        ifo = torch.sigmoid(torch.cat((gates[:, : 2 * H], gates[:, 3 * H :]), 1))
        c = ifo[:, H : 2 * H] * c + ifo[:, :H] * gates[:, 2 * H : 3 * H].tanh()
        return ifo[:, 2 * H :] * c.tanh(), c

    def __call__(self, x):
        cfg = self.config
        memory: list[Tensor] = []
        ys: list[Tensor] = []
        h = c = x.new_zeros(x.shape[1], cfg["hidden_size"])
        for t in range(x.shape[0]):
            if cfg["k_trunc"] and t and t % cfg["k_trunc"] == 0:
                h, c = h.detach(), c.detach()
            hhat, c = self.cell(x[t], h, c)
            s = torch.zeros_like(hhat)
            if memory:
                m = torch.stack(memory, 1)
                e = torch.tanh(m @ self.W_m.t() + (hhat @ self.W_q.t()).unsqueeze(1)) @ self.w_a
                w = topk_normalise(e, cfg["k_top"])
                s = torch.einsum("bn,bnh->bh", w, m)
            h = hhat + s
            ys.append(hhat @ self.V_h.t() + s @ self.V_s.t() + self.d)
            if t % cfg["k_att"] == cfg["k_att"] - 1:
                memory += [h]
        return torch.stack(ys)


def port(config, params, x, dy):
    weights = {k: torch.tensor(v).requires_grad_(True) for k, v in params.items()}
    x = torch.tensor(x).requires_grad_(True)
    y = Model(config, weights)(x)
    (y * torch.tensor(dy)).sum().backward()
    answer = {f"grad.{k}": v.grad for k, v in weights.items() if v.grad is not None}
    return dict(answer, y=y.detach(), **{"grad.x": x.grad})
