"""A cell written out by hand, time first, the memory a Python list; with a switch for each idea its authors had."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from sabcore.validate.adapters import torch_module


class RecallCell(nn.Module):
    own_step_visible = False
    store_provisional = False
    query_before_step = False
    detach_summary = False
    divide_by_k = False
    read_when_writing = False
    no_state_while_empty = False
    clip = None
    skip_cell_detach = False

    def __init__(self, config):
        super().__init__()
        self.cfg = config
        H = config["hidden_size"]
        self.x2h = nn.Linear(config["input_size"], 4 * H)
        self.h2h = nn.Linear(H, 4 * H, bias=False)
        self.key, self.query = nn.Linear(H, H, bias=False), nn.Linear(H, H, bias=False)
        self.v = nn.Parameter(torch.zeros(H))
        self.from_state = nn.Linear(H, config["output_size"])
        self.from_summary = nn.Linear(H, config["output_size"], bias=False)

    def weights(self, scores):
        k = self.cfg["k_top"]
        best, _ = scores.topk(min(k + 1, len(scores)), dim=0)
        excess = F.relu(scores - best[-1])
        return excess / k if self.divide_by_k else excess / (excess.sum(0) + 1e-7)

    def attend(self, slots, q):
        m = torch.stack(slots)
        scores = torch.tanh(self.key(m) + self.query(q)) @ self.v
        if self.clip is not None:
            scores = scores.clamp(-self.clip, self.clip)
        s = torch.einsum("nb,nbh->bh", self.weights(scores), m)
        return s.detach() if self.detach_summary else s

    def forward(self, x):
        H, k = self.cfg["hidden_size"], self.cfg["k_trunc"]
        h = c = torch.zeros(x.size(1), H, dtype=x.dtype)
        slots: list[torch.Tensor] = []
        ys: list[torch.Tensor] = []
        for step, xt in enumerate(x, start=1):
            if k is not None and step > 1 and (step - 1) % k == 0:
                h, c = h.detach(), (c if self.skip_cell_detach else c.detach())
            before = h
            i, f, g, o = (self.x2h(xt) + self.h2h(h)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            writes = step % self.cfg["k_att"] == 0
            visible = [*slots, h] if self.own_step_visible and writes else slots
            reads = visible and (writes or not self.read_when_writing)
            s = self.attend(visible, before if self.query_before_step else h) if reads else torch.zeros_like(h)
            provisional = h
            h = torch.zeros_like(h) if self.no_state_while_empty and not slots else h + s
            ys.append(self.from_state(h) + self.from_summary(s))
            if writes:
                slots.append(provisional if self.store_provisional else h)
        return torch.stack(ys)


def state(p):
    return {
        "x2h.weight": p["W_ih"],
        "x2h.bias": p["b"],
        "h2h.weight": p["W_hh"],
        "key.weight": p["W_m"],
        "query.weight": p["W_q"],
        "v": p["w_a"],
        "from_state.weight": p["V_h"],
        "from_state.bias": p["d"],
        "from_summary.weight": p["V_s"],
    }


def variant(**choices):
    return torch_module(type("Variant", (RecallCell,), choices), state)


right = variant()
sees_its_own_step = variant(own_step_visible=True)
stores_provisional = variant(store_provisional=True)
asks_with_the_state_before = variant(query_before_step=True)
detaches_the_summary = variant(detach_summary=True)
divides_by_k = variant(divide_by_k=True)
reads_when_it_writes = variant(read_when_writing=True)
no_state_while_empty = variant(no_state_while_empty=True)
clips_scores = variant(clip=1.0)
cell_not_detached = variant(skip_cell_detach=True)
