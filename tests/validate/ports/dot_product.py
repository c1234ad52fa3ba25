"""SAB with the usual scaled dot product attention, softmax over the top-k keys."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from sabcore.validate.adapters import torch_module


class DotSAB(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c = config
        H, A = config["hidden_size"], config["attention_size"] or config["hidden_size"]
        self.rnn = nn.LSTMCell(config["input_size"], H)
        self.query = nn.Linear(H, A, bias=False)
        self.key = nn.Linear(H, A, bias=False)
        self.head_h = nn.Linear(H, config["output_size"])
        self.head_s = nn.Linear(H, config["output_size"], bias=False)

    def attend(self, h, mem):
        if not mem:
            return torch.zeros_like(h)
        values = torch.stack(mem, 1)
        q = self.query(h).unsqueeze(1)
        logits = (q @ self.key(values).transpose(1, 2)).squeeze(1) / math.sqrt(q.size(-1))
        k = logits.size(1) if self.c["k_top"] is None else min(self.c["k_top"], logits.size(1))
        top, idx = logits.topk(k, dim=1)
        alpha = F.softmax(top, dim=1)
        picked = values.gather(1, idx.unsqueeze(-1).expand(-1, -1, h.size(1)))
        return torch.einsum("bk,bkh->bh", alpha, picked)

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), self.c["hidden_size"])
        mem: list[torch.Tensor] = []
        out: list[torch.Tensor] = []
        for t in range(x.size(1)):
            if t and self.c["k_trunc"] and t % self.c["k_trunc"] == 0:
                h, c = h.detach(), c.detach()
            h, c = self.rnn(x[:, t], (h, c))
            s = self.attend(h, mem)
            h = h + s
            out.append(self.head_h(h) + self.head_s(s))
            if (t + 1) % self.c["k_att"] == 0:
                mem.append(h)
        return torch.stack(out, 1)


def state(p):
    return {
        "rnn.weight_ih": p["W_ih"],
        "rnn.weight_hh": p["W_hh"],
        "rnn.bias_ih": p["b"],
        "rnn.bias_hh": 0 * p["b"],
        "query.weight": p["W_q"],
        "key.weight": p["W_m"],
        "head_h.weight": p["V_h"],
        "head_h.bias": p["d"],
        "head_s.weight": p["V_s"],
    }


port = torch_module(DotSAB, state, batch_first=True)
