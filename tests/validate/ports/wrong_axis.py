import torch
import torch.nn as nn

from sabcore.validate.adapters import torch_module


class Attn(nn.Module):
    """Bahdanau attention over the stored states."""

    def __init__(self, H, A):
        super().__init__()
        self.Wm, self.Wq = nn.Linear(H, A, bias=False), nn.Linear(H, A, bias=False)
        self.v = nn.Linear(A, 1, bias=False)

    def forward(self, query, memory):  # (B,H), (B,N,H)
        score = self.v(torch.tanh(self.Wm(memory) + self.Wq(query).unsqueeze(1))).squeeze(-1)
        return torch.softmax(score, dim=0)


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        H = config["hidden_size"]
        self.H, self.k_att, self.k_trunc, self.k_top = H, config["k_att"], config["k_trunc"], config["k_top"]
        self.lstm = nn.LSTMCell(config["input_size"], H)
        self.attn = Attn(H, config["attention_size"] or H)
        self.fc = nn.Linear(H, config["output_size"])
        self.fc2 = nn.Linear(H, config["output_size"], bias=False)

    def forward(self, x):
        hx = torch.zeros(x.size(1), self.H).to(x)
        cx = torch.zeros_like(hx)
        states: list[torch.Tensor] = []
        result: list[torch.Tensor] = []
        for step, inp in enumerate(x):
            if self.k_trunc and step and step % self.k_trunc == 0:
                hx, cx = hx.detach(), cx.detach()
            hx, cx = self.lstm(inp, (hx, cx))
            context = 0 * hx
            if states:
                memory = torch.stack(states, dim=1)
                alpha = self.attn(hx, memory)
                context = (alpha.unsqueeze(2) * memory).sum(dim=1)
            hx = hx + context
            result.append(self.fc(hx) + self.fc2(context))
            if (step + 1) % self.k_att == 0:
                states.append(hx)
        return torch.stack(result)


def rename(p):
    d = {
        "lstm.weight_ih": p["W_ih"],
        "lstm.weight_hh": p["W_hh"],
        "lstm.bias_ih": p["b"],
        "lstm.bias_hh": p["b"] - p["b"],
    }
    d |= {"attn.Wm.weight": p["W_m"], "attn.Wq.weight": p["W_q"], "attn.v.weight": p["w_a"].reshape(1, -1)}
    return d | {"fc.weight": p["V_h"], "fc.bias": p["d"], "fc2.weight": p["V_s"]}


port = torch_module(Net, rename)
