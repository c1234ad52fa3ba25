"""nn.LSTMCell, batch first, the memory one growing tensor (B,N,H); a careful port of the paper's text."""

import torch
from torch import nn

from sabcore.validate.adapters import torch_module


class SparseAttention(nn.Module):
    def __init__(self, k_top):
        super().__init__()
        self.k_top, self.eps = k_top, 1e-7

    def forward(self, attn):
        if attn.shape[1] > self.k_top:
            delta = attn.topk(self.k_top + 1, dim=1)[0][:, -1:]
        else:
            delta = attn.min(dim=1, keepdim=True)[0]
        attn = torch.clamp(attn - delta, min=0)
        return attn / (attn.sum(dim=1, keepdim=True) + self.eps)


class SAB(nn.Module):
    def __init__(self, config):
        super().__init__()
        n_in, n_hid, n_out = config["input_size"], config["hidden_size"], config["output_size"]
        self.cell = nn.LSTMCell(n_in, n_hid)
        self.attn1 = nn.Linear(2 * n_hid, n_hid, bias=False)
        self.attn2 = nn.Linear(n_hid, 1, bias=False)
        self.sparse = SparseAttention(config["k_top"])
        self.fc = nn.Linear(2 * n_hid, n_out)
        self.k_att, self.k_trunc, self.n_hid = config["k_att"], config["k_trunc"], n_hid

    def forward(self, x):
        B, T, _ = x.shape
        h, c = x.new_zeros(B, self.n_hid), x.new_zeros(B, self.n_hid)
        memory, outputs = x.new_zeros(B, 0, self.n_hid), []
        for t in range(T):
            if self.k_trunc and t > 0 and t % self.k_trunc == 0:
                h, c = h.detach(), c.detach()
            h, c = self.cell(x[:, t], (h, c))
            read = torch.zeros_like(h)
            if memory.shape[1]:
                query = h.unsqueeze(1).expand(-1, memory.shape[1], -1)
                scores = self.attn2(torch.tanh(self.attn1(torch.cat((query, memory), dim=2)))).squeeze(2)
                read = torch.bmm(self.sparse(scores).unsqueeze(1), memory).squeeze(1)
            h = h + read
            outputs.append(self.fc(torch.cat((h, read), dim=1)))
            if (t + 1) % self.k_att == 0:
                memory = torch.cat((memory, h.unsqueeze(1)), dim=1)
        return torch.stack(outputs, dim=1)


def state(p):
    return {
        "cell.weight_ih": p["W_ih"],
        "cell.weight_hh": p["W_hh"],
        "cell.bias_ih": p["b"],
        "cell.bias_hh": 0 * p["b"],
        "attn1.weight": torch.cat((p["W_q"], p["W_m"]), dim=1),
        "attn2.weight": p["w_a"][None],
        "fc.weight": torch.cat((p["V_h"], p["V_s"]), dim=1),
        "fc.bias": p["d"],
    }


port = torch_module(SAB, state, batch_first=True)


class ResetsItsMemory(SAB):
    """Whoever trains over segments writes `memory = memory.detach()` beside h and c."""

    def forward(self, x):
        B, T, _ = x.shape
        h, c = x.new_zeros(B, self.n_hid), x.new_zeros(B, self.n_hid)
        memory, outputs = x.new_zeros(B, 0, self.n_hid), []
        for t in range(T):
            if self.k_trunc and t > 0 and t % self.k_trunc == 0:
                h, c, memory = h.detach(), c.detach(), memory.detach()
            h, c = self.cell(x[:, t], (h, c))
            read = torch.zeros_like(h)
            if memory.shape[1]:
                query = h.unsqueeze(1).expand(-1, memory.shape[1], -1)
                scores = self.attn2(torch.tanh(self.attn1(torch.cat((query, memory), dim=2)))).squeeze(2)
                read = torch.bmm(self.sparse(scores).unsqueeze(1), memory).squeeze(1)
            h = h + read
            outputs.append(self.fc(torch.cat((h, read), dim=1)))
            if (t + 1) % self.k_att == 0:
                memory = torch.cat((memory, h.unsqueeze(1)), dim=1)
        return torch.stack(outputs, dim=1)


memory_detached_between_segments = torch_module(ResetsItsMemory, state, batch_first=True)
