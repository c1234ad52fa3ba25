"""Run nn.LSTM over the whole sequence, then let every position attend to its past: SAB without the loop."""

import torch
from torch import nn

from sabcore.validate.adapters import torch_module


class PostHoc(nn.Module):
    def __init__(self, config):
        super().__init__()
        H, A = config["hidden_size"], config["attention_size"] or config["hidden_size"]
        self.every = config["k_att"]
        self.k = config["k_top"]
        self.lstm = nn.LSTM(config["input_size"], H)
        self.m, self.q, self.a = nn.Linear(H, A, False), nn.Linear(H, A, False), nn.Linear(A, 1, False)
        self.decode = nn.Linear(2 * H, config["output_size"])

    def forward(self, x):
        hs, _ = self.lstm(x)
        T = len(hs)
        e = self.a(torch.tanh(self.m(hs)[None] + self.q(hs)[:, None])).squeeze(-1).permute(2, 0, 1)  # B T N
        now, then = torch.arange(T)[:, None], torch.arange(T)[None]
        allowed = (then < now) & ((then + 1) % self.every == 0)
        e = e.masked_fill(~allowed, float("-inf"))
        if self.k is not None and self.k < T:
            e = e.masked_fill(e < e.topk(self.k, -1).values[..., -1:], float("-inf"))
        w = torch.softmax(e, -1)
        w = torch.where(allowed.any(-1)[:, None], w, torch.zeros_like(w))
        s = torch.einsum("btn,nbh->tbh", w, hs)
        return self.decode(torch.cat((hs + s, s), -1))


def state(p):
    return {
        "lstm.weight_ih_l0": p["W_ih"],
        "lstm.weight_hh_l0": p["W_hh"],
        "lstm.bias_ih_l0": p["b"] / 2,
        "lstm.bias_hh_l0": p["b"] / 2,
        "m.weight": p["W_m"],
        "q.weight": p["W_q"],
        "a.weight": p["w_a"][None],
        "decode.weight": torch.hstack((p["V_h"], p["V_s"])),
        "decode.bias": p["d"],
    }


port = torch_module(PostHoc, state)
