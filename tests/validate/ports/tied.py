"""One matrix for keys and queries, no V_s, broadcasting instead of concatenation."""

import torch
from torch import nn

from sabcore.validate.adapters import torch_module


class Tied(nn.Module):
    def __init__(self, config):
        super().__init__()
        H = config["hidden_size"]
        self.rnn, self.proj = nn.LSTMCell(config["input_size"], H), nn.Linear(H, H, bias=False)
        self.score, self.head = nn.Linear(H, 1, bias=False), nn.Linear(H, config["output_size"])
        self.top, self.every, self.trunc = config["k_top"], config["k_att"], config["k_trunc"]

    def read(self, h, past):
        mem = torch.stack(past, 1)
        a = self.score(torch.tanh(self.proj(mem) + self.proj(h)[:, None])).squeeze(-1)
        values = a.sort(dim=1, descending=True).values
        w = (a - values[:, min(self.top, len(past) - 1)].unsqueeze(1)).relu()
        return ((w / (w.sum(1, keepdim=True) + 1e-7)).unsqueeze(-1) * mem).sum(1)

    def forward(self, x):
        hc = None
        past: list[torch.Tensor] = []
        out: list[torch.Tensor] = []
        for t, xt in enumerate(x.unbind(0)):
            if hc is not None and self.trunc and t % self.trunc == 0:
                hc = tuple(state.detach() for state in hc)
            h, c = self.rnn(xt, hc)
            if past:
                h = h + self.read(h, past)
            hc = (h, c)
            out.append(self.head(h))
            if (t + 1) % self.every == 0:
                past.append(h)
        return torch.stack(out)


def state(p):
    return {
        "rnn.weight_ih": p["W_ih"],
        "rnn.weight_hh": p["W_hh"],
        "rnn.bias_ih": p["b"] / 2,
        "rnn.bias_hh": p["b"] / 2,
        "proj.weight": p["W_m"],
        "score.weight": p["w_a"].unsqueeze(0),
        "head.weight": p["V_h"],
        "head.bias": p["d"],
    }


port = torch_module(Tied, state)
