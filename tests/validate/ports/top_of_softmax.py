"""Attention over everything, then only the best k weights are kept."""

import torch


def lstm(x, h, c, p):
    i, f, g, o = (x @ p["W_ih"].T + h @ p["W_hh"].T + p["b"]).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def port(config, params, x, dy):
    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    x = torch.tensor(x, requires_grad=True)
    h = c = torch.zeros(x.shape[1], config["hidden_size"], dtype=x.dtype)
    memory, ys = None, []
    for t, xt in enumerate(x.unbind(0), 1):
        if config["k_trunc"] and t > 1 and (t - 1) % config["k_trunc"] == 0:
            h, c = h.detach(), c.detach()
        h, c = lstm(xt, h, c, p)
        if memory is None:
            s = torch.zeros_like(h)
        else:
            score = torch.tanh(memory @ p["W_m"].T + (h @ p["W_q"].T)[None]) @ p["w_a"]  # N B
            attn = torch.softmax(score, dim=0)
            k = config["k_top"] or len(attn)
            if len(attn) > k:
                floor = attn.topk(k, dim=0).values[-1]
                attn = attn * (attn >= floor).to(attn)
            s = (attn[..., None] * memory).sum(0)
        h = h + s
        ys.append(h @ p["V_h"].T + s @ p["V_s"].T + p["d"])
        if t % config["k_att"] == 0:
            memory = h[None] if memory is None else torch.cat((memory, h[None]))
    y = torch.stack(ys)
    y.backward(torch.tensor(dy))
    return {"y": y.detach(), "grad.x": x.grad} | {f"grad.{k}": v.grad for k, v in p.items() if v.grad is not None}
