"""Truncated BPTT the usual way: one backward() per chunk, and everything carried over is detached, memory too."""

import torch


def repackage(v):
    return v.detach() if torch.is_tensor(v) else [repackage(u) for u in v]


def step(xt, h, c, mem, p, k):
    i, f, g, o = torch.split(xt @ p["W_ih"].T + h @ p["W_hh"].T + p["b"], h.shape[1], 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    s = torch.zeros_like(h)
    if mem:
        M = torch.stack(mem, 1)
        e = torch.einsum("bna,a->bn", torch.tanh(M @ p["W_m"].T + (h @ p["W_q"].T)[:, None]), p["w_a"])
        kth = torch.topk(e, min(k + 1, len(mem)), dim=1)[0][:, -1:]
        w = (e - kth).clamp(min=0)
        w = w / (w.sum(1, keepdim=True) + 1e-7)
        s = (w[:, :, None] * M).sum(1)
    return h + s, c, s


def port(config, params, x, dy):
    p = {n: torch.tensor(v, requires_grad=True) for n, v in params.items()}
    x, dy = torch.tensor(x, requires_grad=True), torch.tensor(dy)
    T, B, _ = x.shape
    h, c = torch.zeros(2, B, config["hidden_size"]).double()
    mem: list[torch.Tensor] = []
    ys: list[torch.Tensor] = []
    chunk = config["k_trunc"] or T
    for start in range(0, T, chunk):
        h, c, mem = repackage([h, c, mem])
        loss = torch.zeros(())
        for t in range(start, min(start + chunk, T)):
            h, c, s = step(x[t], h, c, mem, p, config["k_top"])
            y = h @ p["V_h"].T + s @ p["V_s"].T + p["d"]
            loss = loss + (y * dy[t]).sum()
            ys.append(y.detach())
            if (t + 1) % config["k_att"] == 0:
                mem.append(h)
        loss.backward()
    return {"y": torch.stack(ys), "grad.x": x.grad} | {"grad." + n: v.grad for n, v in p.items() if v.grad is not None}
