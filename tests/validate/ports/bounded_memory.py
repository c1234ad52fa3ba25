"""Sparse attentive backtracking, bounded memory so that long sequences fit on the card."""

from collections import deque

import torch
import torch.nn as nn

from sabcore.validate.adapters import torch_module

MEMORY_SIZE = 10


class SAB(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.input_size, self.hidden_size = cfg["input_size"], cfg["hidden_size"]
        self.att = cfg["attention_size"] or self.hidden_size
        self.k_top, self.k_att, self.k_trunc = cfg["k_top"], cfg["k_att"], cfg["k_trunc"]
        self.cell = nn.LSTMCell(self.input_size, self.hidden_size)
        self.W1 = nn.Linear(2 * self.hidden_size, self.att, bias=False)
        self.W2 = nn.Linear(self.att, 1, bias=False)
        self.out = nn.Linear(2 * self.hidden_size, cfg["output_size"])

    def sparse(self, a):
        r = min(self.k_top + 1, a.size(0))
        thr = torch.sort(a, dim=0, descending=True).values[r - 1]
        w = torch.relu(a - thr)
        return w / (w.sum(0, keepdim=True) + 1e-7)

    def forward(self, seq):
        T, B, _ = seq.size()
        h, c = seq.new_zeros(2, B, self.hidden_size)
        mem: deque[torch.Tensor] = deque(maxlen=MEMORY_SIZE)
        ys = seq.new_zeros(0)
        for t in range(T):
            if self.k_trunc is not None and t > 0 and t % self.k_trunc == 0:
                h = h.detach()
                c = c.detach()
            h, c = self.cell(seq[t], (h, c))
            s = torch.zeros_like(h)
            if len(mem) > 0:
                m = torch.stack(tuple(mem))
                a = self.W2(torch.tanh(self.W1(torch.cat((m, h.expand_as(m)), -1)))).squeeze(-1)
                s = (self.sparse(a).unsqueeze(-1) * m).sum(0)
            h = h + s
            if (t + 1) % self.k_att == 0:
                mem.append(h)
            ys = torch.cat((ys, self.out(torch.cat((h, s), 1)).unsqueeze(0)))
        return ys


port = torch_module(
    SAB,
    lambda p: {
        "cell.weight_ih": p["W_ih"],
        "cell.weight_hh": p["W_hh"],
        "cell.bias_ih": p["b"],
        "cell.bias_hh": p["b"] * 0,
        "W1.weight": torch.cat((p["W_m"], p["W_q"]), 1),
        "W2.weight": p["w_a"][None],
        "out.weight": torch.cat((p["V_h"], p["V_s"]), 1),
        "out.bias": p["d"],
    },
)
