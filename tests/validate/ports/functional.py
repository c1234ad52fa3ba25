"""Functions of a dictionary of weights; the LSTM step as TensorFlow and Haiku have it."""

import torch


def core(p, x, state):
    h, c = state
    i, f, g, o = torch.split(x @ p["W_ih"].T + h @ p["W_hh"].T + p["b"], h.shape[-1], dim=-1)
    c = torch.sigmoid(f + 1.0) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def sparse_weights(e, k, eps):
    theta = torch.topk(e, min(k + 1, e.shape[-1]), dim=-1).values[..., -1:]
    v = torch.maximum(e - theta, torch.zeros_like(e))
    return v / (v.sum(-1, keepdim=True) + eps)


def unroll(p, x, config):
    h = c = x.new_zeros(x.shape[1], config["hidden_size"])
    memory: list[torch.Tensor] = []
    ys: list[torch.Tensor] = []
    for t, xt in enumerate(x):
        if config["k_trunc"] and t and t % config["k_trunc"] == 0:
            h, c = h.detach(), c.detach()
        h, c = core(p, xt, (h, c))
        if (t + 1) % config["k_att"] == 0:
            memory.append(h)
        s = torch.zeros_like(h)
        if memory:
            m = torch.stack(memory, dim=1)
            e = torch.einsum("bna,a->bn", torch.tanh(m @ p["W_m"].T + (h @ p["W_q"].T)[:, None, :]), p["w_a"])
            s = torch.einsum("bn,bnh->bh", sparse_weights(e, config["k_top"], config["eps"]), m)
        h = h + s
        ys.append(h @ p["V_h"].T + s @ p["V_s"].T + p["d"])
    return torch.stack(ys)


def port(config, params, x, dy):
    arguments = {name: torch.tensor(value) for name, value in params.items()}, torch.tensor(x)
    y, back = torch.func.vjp(lambda p, x: unroll(p, x, config), *arguments)
    of_params, of_x = back(torch.tensor(dy))
    return {"y": y, "grad.x": of_x} | {f"grad.{name}": value for name, value in of_params.items()}
