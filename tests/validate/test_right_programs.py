"""No false alarm: a right program, the autograd oracle, passes at random configurations."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from sabcore import PRESETS, SABConfig
from sabcore.errors import ConfigError
from sabcore.model.config import left_to_caller
from sabcore.reference import autograd
from sabcore.validate.judge import Judge
from sabcore.validate.program import FunctionProgram


def oracle(config: dict[str, Any], params: Any, x: Any, dy: Any, h0: Any = None, c0: Any = None) -> dict[str, Any]:
    """The specification as a PyTorch model: no code shared with the engine."""
    return autograd.gradients(config, params, x, dy, h0, c0)


@pytest.fixture(autouse=True)
def _one_thread():
    """Its matrices are tiny: threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def random_config(rng: random.Random) -> tuple[SABConfig, int, int]:
    """Any preset with several fields changed, T to 40, B to 6, k_top to beyond T."""
    fields: dict[str, Any] = {
        "k_top": rng.choice([1, 2, 3, 5, 10, 45]),
        "k_att": rng.choice([1, 1, 2, 3, 5]),
        "k_back": rng.choice([1, 2, 4]),
        "k_trunc": rng.choice([None, 1, 2, 4, 7, 50]),
        "truncation": rng.choice(["segment", "sliding"]),
        "segment_offset": rng.randrange(4),
        "score": rng.choice(["additive", "separable"]),
        "threshold_rank": rng.choice(["k_top", "k_top+1"]),
        "margin": rng.choice([0.0, -1e-7, 1e-7, 0.05, -0.1]),
        "eps": rng.choice([1e-7, 1e-3]),
        "small_memory": rng.choice(["raw", "softmax", "threshold"]),
        "temperature": rng.choice([0.5, 1.0, 3.0]),
        "memory_start": rng.choice(["empty", "zero_state"]),
        "score_grad": rng.random() < 0.7,
    }
    preset = rng.choice(list(PRESETS))
    chosen = {name: value for name, value in fields.items() if rng.random() < 0.4}
    for name in left_to_caller(preset):
        chosen.setdefault(name, fields[name])
    if chosen.get("truncation") == "sliding" and rng.random() < 0.6:
        chosen["k_remind"] = rng.choice([1, 2, 6])
    H, I, O, A = (rng.randint(*ends) for ends in ((2, 6), (1, 4), (1, 4), (1, 5)))  # noqa: E741
    config = SABConfig.preset(preset, input_size=I, hidden_size=H, output_size=O, attention_size=A, **chosen)
    return config, rng.randint(2, 40), rng.randint(1, 6)


def false_alarms(seeds: range) -> list[str]:
    found = []
    for seed in seeds:
        try:
            config, T, B = random_config(random.Random(seed))
        except ConfigError:
            continue
        judgement = Judge(FunctionProgram(oracle), config, B, lambda line: None, T).judge()
        if judgement.verdict != "right":
            found.append(f"{seed}: {judgement.verdict} {judgement.departs} {config} T={T} B={B}")
    return found


def test_right_programs_pass():
    assert false_alarms(range(6)) == []


@pytest.mark.long
def test_two_thousand_right_programs_pass():
    assert false_alarms(range(100, 2100)) == []
