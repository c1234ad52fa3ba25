"""In the manner of the released code: flat scores, `repeat` and `view`, the memory starting with the zero state."""

import torch
from torch import nn

from sabcore.validate.adapters import torch_module


class Sparse(nn.Module):
    def __init__(self, top_k, mixed):
        super().__init__()
        self.top_k, self.mixed, self.eps = top_k, mixed, 10e-8

    def forward(self, attn_s):
        B, N = attn_s.size()
        if N <= self.top_k:
            return attn_s
        delta = torch.topk(attn_s, self.top_k, dim=1)[0][:, -1] + self.eps
        delta = delta.repeat(N).view(B, N) if self.mixed else delta.reshape(B, 1).repeat(1, N)
        attn_w = torch.clamp(attn_s - delta, min=0)
        attn_w_sum = torch.sum(attn_w, dim=1, keepdim=True) + self.eps
        return attn_w / attn_w_sum.repeat(1, N)


class Model(nn.Module):
    mixed = False
    attend_to_cells = False

    def __init__(self, config):
        super().__init__()
        self.hidden, self.trunc, self.every = config["hidden_size"], config["k_trunc"], config["k_att"]
        self.lstm1 = nn.LSTMCell(config["input_size"], self.hidden)
        self.w_t = nn.Parameter(torch.zeros(2 * self.hidden, 1))
        self.fc = nn.Linear(2 * self.hidden, config["output_size"])
        self.sparse = Sparse(config["k_top"], self.mixed)

    def forward(self, x):
        T, B, _ = x.size()
        h_t = c_t = torch.zeros(B, self.hidden, dtype=x.dtype)
        h_old, outputs = h_t.view(B, 1, self.hidden), []
        for i in range(T):
            if self.trunc and (i + 1) % self.trunc == 0 and i > 0:
                h_t, c_t = h_t.detach(), c_t.detach()
            h_t, c_t = self.lstm1(x[i], (h_t, c_t))
            remembered = h_old.size(1)
            asking = (c_t if self.attend_to_cells else h_t).repeat(1, remembered).view(B, remembered, self.hidden)
            mlp_h_attn = torch.tanh(torch.cat((asking, h_old), 2)).view(B * remembered, 2 * self.hidden)
            attn_w = self.sparse(torch.mm(mlp_h_attn, self.w_t).view(B, remembered))
            attn_c = torch.sum(attn_w.unsqueeze(2) * h_old, 1)
            h_t = h_t + attn_c
            if (i + 1) % self.every == 0:
                h_old = torch.cat((h_old, (c_t if self.attend_to_cells else h_t).view(B, 1, self.hidden)), 1)
            outputs.append(self.fc(torch.cat((h_t, attn_c), 1)))
        return torch.stack(outputs)


class Mixed(Model):
    mixed = True


class OfCells(Model):
    attend_to_cells = True


def state(p):
    return {
        "lstm1.weight_ih": p["W_ih"],
        "lstm1.weight_hh": p["W_hh"],
        "lstm1.bias_ih": p["b"],
        "lstm1.bias_hh": 0 * p["b"],
        "w_t": torch.cat((p["u_q"], p["u_m"]))[:, None],
        "fc.weight": torch.cat((p["V_h"], p["V_s"]), 1),
        "fc.bias": p["d"],
    }


port = torch_module(Model, state)
mixed = torch_module(Mixed, state)
of_cells = torch_module(OfCells, state)
