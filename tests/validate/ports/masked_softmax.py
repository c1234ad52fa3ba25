"""Self-attention by a mask over a memory of full length; a temperature that is learned, and scores over sqrt(H)."""

import math

import torch
from torch import nn

from sabcore.validate.adapters import torch_module


class MaskedAttention(nn.Module):
    scaled = False

    def __init__(self, config):
        super().__init__()
        self.config, H = config, config["hidden_size"]
        self.lstm = nn.LSTMCell(config["input_size"], H)
        self.W = nn.ParameterDict({name: nn.Parameter(torch.zeros(H, H)) for name in ("m", "q")})
        self.w = nn.Parameter(torch.zeros(H))
        self.log_temperature = nn.Parameter(torch.zeros(()))
        self.out = nn.Linear(2 * H, config["output_size"])

    def forward(self, x):
        (B, T, _), H = x.shape, self.config["hidden_size"]
        h = c = x.new_zeros(B, H)
        steps = torch.arange(1, T + 1)
        slots: list[torch.Tensor] = []
        ys: list[torch.Tensor] = []
        for t in range(1, T + 1):
            if self.config["k_trunc"] and t > 1 and (t - 1) % self.config["k_trunc"] == 0:
                h, c = h.detach(), c.detach()
            h, c = self.lstm(x[:, t - 1], (h, c))
            m = torch.stack([*slots, *[x.new_zeros(B, H)] * (T - len(slots))], dim=1)
            mask = (steps < t) & (steps % self.config["k_att"] == 0)
            a = torch.einsum("bth,h->bt", torch.tanh(m @ self.W["m"].T + (h @ self.W["q"].T)[:, None]), self.w)
            a = a / self.log_temperature.exp() / (math.sqrt(H) if self.scaled else 1.0)
            s = torch.zeros_like(h)
            if mask.any():
                s = torch.einsum("bt,bth->bh", a.masked_fill(~mask, -torch.inf).softmax(dim=1), m)
            h = h + s
            slots.append(h)
            ys.append(self.out(torch.cat([h, s], dim=-1)))
        return torch.stack(ys, dim=1)


class Scaled(MaskedAttention):
    scaled = True


def state(p):
    return {
        "lstm.weight_ih": p["W_ih"],
        "lstm.weight_hh": p["W_hh"],
        "lstm.bias_ih": 0 * p["b"],
        "lstm.bias_hh": p["b"],
        "W.m": p["W_m"],
        "W.q": p["W_q"],
        "w": p["w_a"],
        "out.weight": torch.cat((p["V_h"], p["V_s"]), 1),
        "out.bias": p["d"],
    }


learned_temperature = torch_module(MaskedAttention, state, batch_first=True)
over_sqrt_h = torch_module(Scaled, state, batch_first=True)
