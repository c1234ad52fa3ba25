"""What the loop calls, by the pages, is what the engine's own steps compute, forward and back."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes
from sabcore.proofs.digits import DIGITS, Digits, exact
from sabcore.proofs.engine.by_page import ByPage
from sabcore.proofs.evaluate import Run
from sabcore.step.lstm import lstm_step, lstm_step_backward
from sabcore.step.recall import recall, recall_backward
from sabcore.step.score import AdditiveScore
from sabcore.step.sparsify import Threshold

I, H, A, O, L, SLOTS = 3, 4, 2, 5, 2, 6  # noqa: E741
CONFIG = SABConfig(input_size=I, hidden_size=H, output_size=O, attention_size=A, k_top=2, eps=0.01)
RNG = np.random.default_rng(0)
PARAMS = {name: RNG.standard_normal(shape) for name, shape in param_shapes(CONFIG).items()}
SCORE, SPARSIFIER = AdditiveScore(PARAMS["W_m"], PARAMS["W_q"], PARAMS["w_a"]), Threshold(3, 0.0, 0.01)
X, H0, C0, DH, DC = (RNG.standard_normal(shape) for shape in ((I,), (H,), (H,), (L, H), (L, H)))
M = RNG.standard_normal((4, H))


@pytest.fixture
def pages():
    """The functions by name, and the run that they are called in, at step 1."""
    with mpmath.workdps(DIGITS):
        made = ByPage(Digits(), CONFIG, {name: exact(value) for name, value in PARAMS.items()}, SLOTS)
        run = Run(
            Digits(), {"x": exact(np.stack([0 * X, X])), "h": exact(H0[None]), "c": exact(C0[None])}, {}, {"l": L}
        )
        run.bound = {"t": 1}
        yield made.functions(), run


def close(got, want) -> None:
    np.testing.assert_allclose(np.array(got, dtype=float), want, rtol=1e-12, atol=1e-14)


def test_the_step(pages) -> None:
    functions, run = pages
    hhat, c, cache = lstm_step(X[None], H0[None], C0[None], PARAMS["W_ih"], PARAMS["W_hh"], PARAMS["b"])
    for got, want in zip(functions["lstm_step"](run, exact(X), exact(H0), exact(C0)), (hhat, c), strict=True):
        close(got, want[0])
    want = lstm_step_backward(DH[:, None], DC[:, None], cache, PARAMS["W_hh"])
    for got, each in zip(functions["lstm_step*"](run, exact(DH), exact(DC)), want, strict=True):
        close(got, each[:, 0])


def test_keys_queries_and_outputs(pages) -> None:
    functions, run = pages
    dk, dq, dy = RNG.standard_normal(A), RNG.standard_normal(A), RNG.standard_normal(O)
    close(functions["key"](run, exact(H0)), PARAMS["W_m"] @ H0)
    close(functions["key*"](run, exact(dk)), dk @ PARAMS["W_m"])
    close(functions["query*"](run, exact(dq)), dq @ PARAMS["W_q"])
    close(functions["readout"](run, exact(H0), exact(C0)), PARAMS["V_h"] @ H0 + PARAMS["V_s"] @ C0 + PARAMS["d"])
    for got, name in zip(functions["readout*"](run, exact(dy)), ("V_h", "V_s"), strict=True):
        close(got, dy @ PARAMS[name])


def test_the_read_and_a_row_for_every_slot_that_there_ever_is(pages) -> None:
    functions, run = pages
    memory, keys = M[:, None], SCORE.key(M[:, None])
    s, cache = recall(H0[None], memory, keys, SCORE, SPARSIFIER)
    K = exact(np.concatenate([keys[:, 0], np.zeros((SLOTS - len(M), A))]))
    close(functions["recall"](run, exact(H0), list(exact(M)), K), s[0])
    run.values |= {"M": list(exact(M)), "K": K, "hhat": exact(np.stack([H0, H0]))}
    dm, dk, dq, dweights = functions["recall*"](run, exact(DH))
    want = recall_backward(DH[:, None], H0[None], memory, keys, cache, SCORE, SPARSIFIER)
    rows = {"dm": np.zeros((SLOTS, H)), "dk": np.zeros((SLOTS, A))}
    for name, selected in (("dm", want.dm), ("dk", want.dk)):
        rows[name][np.asarray(cache.slots)[:, 0]] = selected[:, 0]
    close(dm, rows["dm"])
    close(dk, rows["dk"])
    close(dq, want.dq[:, 0])
    close(dweights, want.dweights["w_a"])


def test_of_an_empty_memory_nothing_is_read(pages) -> None:
    functions, run = pages
    close(functions["recall"](run, exact(H0), [], None), np.zeros(H))
    run.values |= {"M": []}
    shapes = [np.shape(each) for each in functions["recall*"](run, exact(DH))]
    assert shapes == [(SLOTS, H), (SLOTS, A), (L, A), (A,)]
    assert not any(np.any(each) for each in functions["recall*"](run, exact(DH)))
