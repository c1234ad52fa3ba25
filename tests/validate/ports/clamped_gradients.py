"""My training loop explodes without it: gradients of the hidden state are clipped on their way back, step by step."""

import torch
from torch.nn import functional as F  # noqa: N812


def clip(h):
    if h.requires_grad:
        h.register_hook(lambda g: g.clamp(-1.0, 1.0))
    return h


def run(cfg, w, x):
    T, B, _ = x.shape
    h = x.new_zeros(B, cfg["hidden_size"])
    c = x.new_zeros(B, cfg["hidden_size"])
    zero = torch.zeros_like(w["b"])
    bank: list[torch.Tensor] = []
    keys: list[torch.Tensor] = []
    y: list[torch.Tensor] = []
    for t in range(T):
        if cfg["k_trunc"] and t > 0 and t % cfg["k_trunc"] == 0:
            h, c = h.detach(), c.detach()
        h_hat, c = torch._VF.lstm_cell(x[t], (h, c), w["W_ih"], w["W_hh"], w["b"], zero)
        if bank:
            e = torch.tanh(torch.stack(keys, 1) + F.linear(h_hat, w["W_q"])[:, None]) @ w["w_a"]
            best = e.topk(min(cfg["k_top"] + 1, e.shape[1]), dim=1).values
            e = F.relu(e - best[:, -1:])
            e = e / (e.sum(1, keepdim=True) + 1e-7)
            s = torch.bmm(e[:, None], torch.stack(bank, 1))[:, 0]
        else:
            s = torch.zeros_like(h_hat)
        h = clip(h_hat + s)
        y.append(F.linear(h, w["V_h"], w["d"]) + F.linear(s, w["V_s"]))
        if (t + 1) % cfg["k_att"] == 0:
            bank.append(h)
            keys.append(F.linear(h, w["W_m"]))
    return torch.stack(y)


def port(config, params, x, dy):
    w = {n: torch.from_numpy(v.copy()).requires_grad_() for n, v in params.items()}
    x = torch.from_numpy(x.copy()).requires_grad_()
    y = run(config, w, x)
    names = list(w)
    grads = torch.autograd.grad(y, [x] + [w[n] for n in names], torch.from_numpy(dy.copy()), allow_unused=True)
    out = {"y": y.detach(), "grad.x": grads[0]}
    out.update({"grad." + n: g for n, g in zip(names, grads[1:], strict=True) if g is not None})
    return out
