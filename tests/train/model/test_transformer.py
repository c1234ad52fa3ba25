"""The Transformer as a model to train: it is the engine, it learns, and it neither cheats nor forgets where it is."""

import json
import math

import numpy as np
import pytest

from sabcore.errors import ConfigError
from sabcore.train.loss import softmax_cross_entropy, softmax_cross_entropy_backward
from sabcore.train.model import MODELS, Transformer, model_from_dict, model_to_dict
from sabcore.train.optim import Adam
from sabcore.train.run import Run
from sabcore.train.settings import Settings
from sabcore.train.task import AddingTask
from sabcore.transformer import TransformerConfig, attention, backward, forward, network
from tests.transformer.cases import CONFIG, inputs

SETTINGS = Settings(AddingTask(5), batch_size=2, learning_rate=0.01, clip_norm=1.0, seed=0, dtype="float32")
#: Symbols, and steps of a sequence.
S, T = 4, 8


def test_it_is_the_engine():
    model, (params, x, dy) = Transformer(CONFIG), inputs()
    y, tape = model.forward(params, x)
    grads, report = model.backward(params, tape, dy)
    want = backward(CONFIG, params, forward(CONFIG, params, x)[1], dy)
    assert list(grads) == list(params) == list(model.shapes())
    assert all((grads[name] == want[name]).all() for name in params)
    np.testing.assert_array_equal(y, forward(CONFIG, params, x)[0])
    assert (model.input_size, model.output_size, report) == (3, 4, {})
    assert list(model.init(1, "float32")) == list(params)


def test_it_survives_its_description():
    model = Transformer(CONFIG)
    assert model_from_dict(json.loads(json.dumps(model_to_dict(model)))) == model
    assert MODELS[model.kind] is Transformer


@pytest.mark.parametrize("fields", [{}, {"config": []}, {"config": {}}, {"config": CONFIG.to_dict(), "score_bound": 1}])
def test_a_foreign_description_is_refused(fields):
    with pytest.raises(ConfigError):
        model_from_dict({"kind": "transformer", **fields})


def test_a_resumed_run_goes_on_to_the_same_bits(tmp_path):
    config = TransformerConfig(input_size=2, hidden_size=4, output_size=1, heads=2)
    for name, stops in {"whole": [6], "halves": [3, 6]}.items():
        with Run.create(tmp_path / name, SETTINGS, {"attentive": Transformer(config)}, {}):
            pass
        for stop in stops:
            with Run.resume(tmp_path / name) as run:
                list(run.train(stop))
    files = [(tmp_path / name / "checkpoint.safetensors").read_bytes() for name in ("whole", "halves")]
    assert files[0] == files[1]


def symbols(rng, rows):
    """Random symbols (T,rows), and at each step the one of three steps before, and the next one."""
    drawn = rng.integers(0, S, (T + 4, rows))
    return drawn[3:-1], drawn[:-4], drawn[4:]


def learned(of_past):
    """How often one block, trained for 300 steps, names the symbol of three steps before, or else the next one."""
    config = TransformerConfig(input_size=S, hidden_size=16, output_size=S, layers=1, heads=2)
    model, rng, optimiser = Transformer(config), np.random.default_rng(0), Adam(1e-2)
    params = model.init(0, "float32")
    state = optimiser.init(params)
    for _ in range(300):
        now, before, after = symbols(rng, 32)
        y, tape = model.forward(params, np.eye(S, dtype="float32")[now])
        counts = np.arange(T)[:, None] >= 3 if of_past else np.arange(T)[:, None] < T - 1
        weight = np.broadcast_to(counts, now.shape).astype("float32")
        _, cache = softmax_cross_entropy(y, before if of_past else after, weight)
        grads, _ = model.backward(params, tape, softmax_cross_entropy_backward(1.0, cache))
        params, state = optimiser.update(params, grads, state)
    now, before, after = symbols(np.random.default_rng(1), 500)
    said = model.forward(params, np.eye(S, dtype="float32")[now])[0].argmax(axis=-1)
    return (said == before)[3:].mean() if of_past else (said == after)[:-1].mean()


def test_it_learns_which_symbol_came_three_steps_before():
    assert learned(of_past=True) > 0.95


def test_without_positions_it_cannot(monkeypatch):
    monkeypatch.setattr(network, "sinusoids", lambda T, H, xp: xp.zeros((T, H)))
    assert learned(of_past=True) < 0.7


def test_it_does_not_learn_what_has_not_come_yet():
    assert learned(of_past=False) < 0.3


def test_without_the_mask_it_would(monkeypatch):
    def of_all(q, k, lo, hi):
        e = np.exp(q[:, :, lo:hi] @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1]))
        return e / e.sum(axis=-1, keepdims=True)

    monkeypatch.setattr(attention, "attention_weights", of_all)
    assert learned(of_past=False) > 0.6
