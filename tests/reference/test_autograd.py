"""The PyTorch oracle against PyTorch's own LSTM, and against truncation written out window by window."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.reference import autograd
from tests.reference.cases import PRESETS, TRUNCATIONS, B, T, make_case

torch = pytest.importorskip("torch")


def test_plain_lstm_is_torchs() -> None:
    case = make_case(**PRESETS["lstm"])
    lstm = torch.nn.LSTM(3, 4, dtype=torch.float64)
    leaves = {name: torch.tensor(value) for name, value in case.params.items()}
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(leaves["W_ih"])
        lstm.weight_hh_l0.copy_(leaves["W_hh"])
        lstm.bias_ih_l0.copy_(leaves["b"])
        lstm.bias_hh_l0.zero_()
    x = torch.tensor(case.x, requires_grad=True)
    h, _ = lstm(x, (torch.tensor(case.h0)[None], torch.tensor(case.c0)[None]))
    y = h @ leaves["V_h"].T + leaves["d"]
    (y * torch.tensor(case.dy)).sum().backward()
    want = {"y": y.detach().numpy(), "h": h.detach().numpy(), "grad.x": x.grad.numpy()}
    want |= {"grad.W_hh": lstm.weight_hh_l0.grad.numpy(), "grad.b": lstm.bias_ih_l0.grad.numpy()}
    assert failures(compare(autograd.gradients(*case), want, 1e-13)) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_shapes_and_names(preset) -> None:
    case = make_case(**PRESETS[preset])
    got = autograd.gradients(case.config, case.params, case.x.astype(np.float32), case.dy)
    want = {"y": (T, B, 2), "h": (T, B, 4), "c": (T, B, 4), "grad.x": (T, B, 3), "grad.h0": (B, 4), "grad.c0": (B, 4)}
    want |= {"s": (T, B, 4)} if preset != "lstm" else {}
    want |= {f"grad.{name}": value.shape for name, value in case.params.items()}
    assert {name: value.shape for name, value in got.items()} == want
    assert {value.dtype for value in got.values()} == {np.dtype(np.float64)}


def windows(case) -> dict[str, np.ndarray]:
    """The definition of `sliding`, literally: each injected gradient runs through a window of its own.

    The window of a gradient injected at step t with a budget of k steps starts at step t - k + 1 from recorded states
    and reads recorded slots. What reaches a slot is injected, all together, when its own step comes.
    """
    config, k_trunc = case.config, case.config["k_trunc"]
    run = {name: torch.tensor(value) for name, value in autograd.gradients(*case).items()}
    leaves = {n: torch.tensor(v) for n, v in {**case.params, "x": case.x, "h0": case.h0, "c0": case.c0}.items()}
    states = {0: (leaves["h0"], leaves["c0"])} | {t: (run["h"][t - 1], run["c"][t - 1]) for t in range(1, T + 1)}
    written = ([0] if config["memory_start"] == "zero_state" else []) + list(range(config["k_att"], T, config["k_att"]))
    owed = {t: torch.zeros_like(leaves["h0"]) for t in written}
    total = {name: torch.zeros_like(value) for name, value in leaves.items()}
    for t in range(T, 0, -1):
        for budget, of_slot in ((k_trunc, False), (config["k_remind"] or k_trunc, True)):
            start = max(1, t - budget + 1)
            p = {name: value.clone().requires_grad_() for name, value in leaves.items()}
            slots = {j: states[j][0].clone().requires_grad_() for j in written}
            h, c = (p["h0"], p["c0"]) if start == 1 else states[start - 1]
            for now in range(start, t + 1):
                h, c, s = one_step(config, p, now, h, c, [slots[j] for j in written if j < now])
            y = h @ p["V_h"].T + s @ p["V_s"].T
            injected = (h * owed.get(t, torch.zeros_like(h))) if of_slot else (y * torch.tensor(case.dy[t - 1]))
            found = torch.autograd.grad(
                injected.sum(), [*p.values(), *slots.values()], allow_unused=True, materialize_grads=True
            )
            total = {n: total[n] + g for n, g in zip(p, found, strict=False)}
            owed = {j: owed[j] + g for j, g in zip(slots, found[len(p) :], strict=True)}
    total["h0"] = total["h0"] + owed.get(0, 0)
    total["d"] = torch.tensor(case.dy.sum(axis=(0, 1)))
    return {f"grad.{name}": value.numpy() for name, value in total.items()}


def one_step(config, p, t, h, c, memories):
    """One step with PyTorch's own cell: x_t, h c (B,H), memories (B,H) each -> h c s (B,H)."""
    weights = (p["W_ih"], p["W_hh"], p["b"], torch.zeros_like(p["b"]))
    hhat, c = torch._VF.lstm_cell(p["x"][t - 1], (h, c), *weights)
    slots = [autograd._write(torch, config, p, m) for m in memories]
    s = autograd._recall(torch, config, p, slots, hhat[None])[0] if slots else torch.zeros_like(hhat)
    return hhat + s, c, s


@pytest.mark.parametrize("k_att", [1, 2])
@pytest.mark.parametrize(("k_trunc", "k_remind"), [(1, 1), (3, None), (3, 1), (2, 4), (4, 2), (1, 9), (9, 1)])
@pytest.mark.parametrize("preset", ["paper", "dev2018", "released", "self_attention"])
def test_sliding_is_a_sum_over_injected_gradients(preset, k_trunc, k_remind, k_att) -> None:
    fields = {"truncation": "sliding", "k_trunc": k_trunc, "k_remind": k_remind, "k_att": k_att}
    case = make_case(2, **PRESETS[preset], **fields)
    assert failures(compare(autograd.gradients(*case), windows(case), 1e-12)) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_budgets_that_last_are_full_backpropagation(preset) -> None:
    want = autograd.gradients(*make_case(**PRESETS[preset]))
    for fields in (TRUNCATIONS["never_spent"], {"truncation": "sliding", "k_trunc": T, "k_remind": T}, {"k_trunc": T}):
        case = make_case(**{**PRESETS[preset], "segment_offset": 0, **fields})
        assert failures(compare(autograd.gradients(*case), want, 1e-12)) == [], fields


def test_segments_of_a_plain_lstm_are_separate_runs() -> None:
    """Each segment, started from the recorded state, back-propagates alone."""
    case = make_case(**PRESETS["lstm"], k_trunc=3, segment_offset=1)
    got = autograd.gradients(*case)
    total: dict[str, np.ndarray] = {}
    whole = {**case.config, "k_trunc": None}
    h, c = (np.concatenate((first[None], got[name])) for name, first in (("h", case.h0), ("c", case.c0)))
    for start, stop in ((0, 2), (2, 5), (5, T)):
        part = autograd.gradients(whole, case.params, case.x[start:stop], case.dy[start:stop], h[start], c[start])
        total |= {name: total.get(name, 0) + part[name] for name in ("grad.W_ih", "grad.W_hh", "grad.b")}
    assert failures(compare(got, total, 1e-13)) == []


def test_without_torch_the_message_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from sabcore.reference import autograd\n"
        "try: autograd.gradients({'hidden_size': 1}, {}, [[[0.0]]], [[[0.0]]])\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install torch==2.13.0" in done.stdout
