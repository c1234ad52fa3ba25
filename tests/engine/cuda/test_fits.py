"""Whether the kernels can be used: what they cannot carry, and a trial that nothing wrong passes."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore import PRESETS, SABConfig
from sabcore.engine import plain
from sabcore.engine.cuda import fits, launch
from sabcore.model.config import left_to_caller
from tests.engine.cuda.agreement import random_model, results

CONFIG = SABConfig.paper(input_size=3, hidden_size=5, output_size=4, attention_size=6, k_top=3)
X = np.ones((9, 2, 3))


@pytest.fixture
def trials(monkeypatch):
    """The plain engine stands for the kernels; what `spoil` does to a result is done to theirs. Counts passes."""

    class Trials:
        count = 0
        spoil = staticmethod(lambda name, value: value)

        def forward(self, *args):
            self.count += 1
            y, tape = plain.forward(*args)
            return self.spoil("y", y), tape

        def backward(self, *args):
            return {name: self.spoil(f"grad.{name}", value) for name, value in plain.backward(*args).items()}

    kernels = Trials()
    monkeypatch.setattr(fits, "run", kernels)
    monkeypatch.setattr(fits, "_verdicts", {})
    monkeypatch.setattr(launch, "shared_limit", lambda: 227 * 1024)
    return kernels


def test_right_kernels_are_tried_once(trials):
    assert [fits.why_not(CONFIG, X) for _ in range(3)] == [None] * 3
    assert trials.count == 1


NAMES = ["y", *(f"grad.{name}" for name in "W_ih W_hh b W_m W_q w_a V_h V_s d x h0 c0".split())]
WRONG = {
    "NaN": lambda a: np.where(np.arange(a.size).reshape(a.shape) == a.size // 2, np.nan, a),
    "an infinity": lambda a: np.where(np.arange(a.size).reshape(a.shape) == a.size // 2, np.inf, a),
    "all off by 1 %": lambda a: 1.01 * a,
    "all zero": lambda a: 0 * a,
    "one element off": lambda a: a + 0.01 * abs(a).max() * (np.arange(a.size).reshape(a.shape) == a.size - 1),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mistake", WRONG)
def test_no_wrong_tensor_passes(trials, name, mistake):
    trials.spoil = lambda it, value: WRONG[mistake](value) if it == name else value
    reason = fits.why_not(CONFIG, X)
    assert reason
    assert name in reason
    assert trials.count == 2  # another seed was tried


@pytest.mark.parametrize("hidden", [5, 128])
@pytest.mark.parametrize("preset", PRESETS)
def test_an_error_of_one_percent_in_any_tensor_of_a_trial_is_rejected(preset, hidden):
    """In float32, where rounding allows most."""
    given = {"input_size": 3, "hidden_size": hidden, "output_size": 4, **dict.fromkeys(left_to_caller(preset), 3)}
    config, rejected = SABConfig.preset(preset, **given), []
    chosen = fits.trials(config, "float32")
    for case, floors in chosen:
        right = fits.results_of(plain, config, case)
        assert fits.disagreements(right, right, floors) == []
        for name in (name for name, value in right.items() if value.any()):
            found = fits.disagreements({**right, name: np.float32(1.01) * right[name]}, right, floors)
            rejected += [name] * any(name in line for line in found)
    assert len(chosen) == fits.TRIALS
    assert sorted(rejected) == sorted(fits.TRIALS * [name for name, value in right.items() if value.any()])


def test_a_missing_tensor_does_not_pass(trials, monkeypatch):
    backward = trials.backward
    monkeypatch.setattr(trials, "backward", lambda *args: {k: v for k, v in backward(*args).items() if k != "W_m"})
    assert "grad.W_m" in str(fits.why_not(CONFIG, X))


def test_rounding_of_a_gradient_that_cancels_passes(trials):
    """du_q of a separable score under a softmax is zero but for rounding, which differs from engine to engine."""
    config = SABConfig.self_attention(input_size=3, hidden_size=5, output_size=4, score="separable")
    size = max(abs(v).max() for v in results(plain, random_model(config, "float64")).values())
    trials.spoil = lambda name, value: value + 1e-14 * size if name == "grad.u_q" else value
    assert fits.why_not(config, X) is None


def test_a_broken_installation_is_a_reason(trials):
    trials.spoil = lambda name, value: 1 // 0
    assert fits.why_not(CONFIG, X) == "they do not run: ZeroDivisionError: integer division or modulo by zero"


@pytest.mark.parametrize("error", [MemoryError("17 bytes"), RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory")])
def test_short_memory_is_not_remembered(trials, error):
    def fail(name, value):
        raise error

    right, trials.spoil = trials.spoil, fail
    assert "they do not run" in str(fits.why_not(CONFIG, X))
    trials.spoil = right
    assert fits.why_not(CONFIG, X) is None


@pytest.mark.parametrize(
    ("fields", "T", "reason"),
    [
        ({"hidden_size": 2000}, 9, "threads"),
        ({"k_top": 40}, 3000, "slow at ranking"),
        ({"k_top": None, "sparsifier": "softmax", "k_back": 40}, 3000, "slow at ranking"),
    ],
)
def test_what_the_kernels_cannot_carry_is_said_without_a_trial(trials, fields, T, reason):
    config = SABConfig(**{**CONFIG.to_dict(), **fields})
    assert reason in str(fits.why_not(config, np.ones((T, 1, 3))))
    assert trials.count == 0
