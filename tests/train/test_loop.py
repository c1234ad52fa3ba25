"""Several models side by side: any model on any task, lengths under a curriculum, when it stops, and evaluation."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sabcore.errors import TrainingError
from sabcore.train import loop
from sabcore.train.curriculum import Curriculum
from sabcore.train.learner import begin
from sabcore.train.loop import PATIENCE, evaluate, finished, start
from sabcore.train.loss import mean_squared_error, mean_squared_error_backward
from sabcore.train.model import Recurrent
from sabcore.train.task import Batch, CopyTask
from tests.train.test_learner import MODELS, SETTINGS, poison, same


@dataclass(frozen=True)
class Mean:
    """A model that is no recurrent network: y = x W, step by step."""

    kind = "mean"
    input_size = 2
    output_size = 1

    def shapes(self):
        return {"W": (2, 1)}

    def init(self, seed, dtype):
        return {"W": np.zeros((2, 1), dtype)}

    def forward(self, params, x):
        return x @ params["W"], x

    def backward(self, params, tape, dy):
        return {"W": np.einsum("tbi,tbo->io", tape, dy)}, {"largest": float(abs(params["W"]).max())}

    def to_dict(self):
        return {}

    @classmethod
    def from_dict(cls, fields):
        return cls()


@dataclass(frozen=True)
class Sum:
    """A task that is no classification: the sum of the two inputs of each step."""

    name = "sum"
    input_size = 2
    output_size = 1
    metric = "error"
    higher_is_better = False
    chance = floor = 2 / 3

    def batch(self, seed, step, batch_size, dtype):
        x = np.random.default_rng([seed, step]).uniform(-1, 1, (4, batch_size, 2)).astype(dtype)
        everywhere = np.ones((4, batch_size), dtype)
        return Batch(x, x.sum(axis=-1, keepdims=True), everywhere, everywhere > 0)

    def loss(self, y, batch):
        loss, cache = mean_squared_error(y, batch.target, batch.weight)
        return loss, mean_squared_error_backward(1.0, cache)

    def measure(self, y, batch):
        return float(((y - batch.target) ** 2).mean())

    def draw(self, axes, batch):
        axes.plot(batch.target[:, 0])


def test_any_model_learns_any_task():
    settings = replace(SETTINGS, task=Sum(), learning_rate=0.1, dtype="float64", hold=150, decay=50)
    results = list(loop.train(settings, start(settings, {"mean": Mean()}), 1000))
    snapshot, record = results[-1]
    assert len(results) == 200
    assert set(record["mean"]) == {"loss", "error", "norm", "skipped", "largest"}
    np.testing.assert_allclose(snapshot.learners[0].params["W"], 1, atol=0.01)
    learned, fresh = snapshot.learners[0], begin("mean", Mean(), settings)
    assert evaluate(settings, learned, 40)["error"] == pytest.approx(0, abs=1e-3)
    assert evaluate(settings, fresh, 400)["error"] == pytest.approx(Sum.chance, rel=0.2)


CURRICULUM = Curriculum(start=2, enough=0.01, window=2, longest=9)  # good enough is almost anything
GROWING = replace(SETTINGS, task=CopyTask(4), decay=3, curriculum=CURRICULUM)


def test_each_model_grows_at_its_own_pace_and_stops_when_it_is_done(monkeypatch):
    monkeypatch.setattr(CopyTask, "measure", lambda self, y, batch: 1.0)
    slow = replace(GROWING, patience={"sab": 1})
    results = list(loop.train(slow, start(slow, MODELS), 50))
    lengths = [record["lstm"]["T"] for _, record in results if "lstm" in record]
    assert lengths == [2, 2, 3, 3, 4, 4, 4]
    assert [record["sab"]["attempt"] for _, record in results] == list(range(50))  # never any patience
    assert not finished(slow, results[-1][0])
    alone = list(loop.train(GROWING, start(GROWING, {"lstm": MODELS["lstm"]}), 50))
    assert len(alone) == 7
    assert finished(GROWING, alone[-1][0])
    assert same(alone[-1][0].learners[0].params, results[-1][0].learners[1].params)
    assert list(loop.train(GROWING, alone[-1][0], 50)) == []


def test_what_is_evaluated_in_parts_is_evaluated_whole(monkeypatch):
    learner = begin("sab", MODELS["sab"], SETTINGS)
    want = evaluate(SETTINGS, learner, 7, task=CopyTask(6))
    monkeypatch.setattr(loop, "AT_ONCE", 3)
    got = evaluate(SETTINGS, learner, 7, task=CopyTask(6))
    assert got["accuracy"] == want["accuracy"]
    assert got["loss"] == pytest.approx(want["loss"], rel=1e-6)
    assert want["loss"] != evaluate(SETTINGS, learner, 7)["loss"]


def test_the_average_is_evaluated_where_one_is_kept():
    learner, other = (begin("sab", MODELS["sab"], replace(SETTINGS, seed=seed)) for seed in (5, 6))
    want = evaluate(SETTINGS, other, 4)
    assert evaluate(SETTINGS, replace(learner, average=other.params), 4) == want != evaluate(SETTINGS, learner, 4)


def test_skips_are_counted_and_a_good_step_ends_the_row(monkeypatch):
    poison(monkeypatch, "b", math.nan, at={1, 2, 4})
    only = {"lstm": MODELS["lstm"]}
    snapshots = [snapshot for snapshot, _ in loop.train(SETTINGS, start(SETTINGS, only), 6)]
    counts = [(s.learners[0].skipped, s.learners[0].in_a_row) for s in snapshots]
    assert counts == [(0, 0), (1, 1), (2, 2), (2, 0), (3, 1), (3, 0)]


def test_training_stops_after_a_stated_number_in_a_row_naming_step_and_tensor(monkeypatch):
    poison(monkeypatch, "W_m", math.inf, at=range(4, 10**6))
    training = loop.train(SETTINGS, start(SETTINGS, {"sab": Recurrent(MODELS["sab"].config)}), 100)
    assert [next(training)[0].step for _ in range(3 + PATIENCE)] == list(range(1, 4 + PATIENCE))
    with pytest.raises(TrainingError, match=rf"step {4 + PATIENCE}: the gradient of W_m of model sab was not finite"):
        next(training)


def test_models_start_from_the_same_lstm_and_learn_as_if_alone():
    together = [s for s, _ in loop.train(SETTINGS, start(SETTINGS, MODELS), 4)][-1].learners
    for name, learner in zip(MODELS, together, strict=True):
        alone = [s for s, _ in loop.train(SETTINGS, start(SETTINGS, {name: MODELS[name]}), 4)][-1].learners[0]
        assert same(learner.params, alone.params)
    first = start(SETTINGS, MODELS).learners
    assert first[0].params["W_hh"].tobytes() == first[1].params["W_hh"].tobytes()


def test_a_short_run_learns_when_recall_starts():
    """Ten of 22 targets are one of 8 symbols, the rest blank: the loss of knowing just that is 10 ln 8 / 22."""
    settings, only = replace(SETTINGS, batch_size=16, learning_rate=0.03), {"lstm": MODELS["lstm"]}
    losses = [record["lstm"]["loss"] for _, record in loop.train(settings, start(settings, only), 150)]
    assert losses[0] > 2
    assert np.mean(losses[-10:]) < 1.1 * 10 * math.log(8) / 22


def test_each_step_has_its_own_data_and_the_evaluation_that_of_step_0(monkeypatch):
    asked, batch = [], CopyTask.batch

    def noted(task, seed, step, *rest):
        asked.append((seed, step))
        return batch(task, seed, step, *rest)

    monkeypatch.setattr(CopyTask, "batch", noted)
    (*_, (last, _)) = loop.train(SETTINGS, start(SETTINGS, {"lstm": MODELS["lstm"]}), 3)
    evaluate(SETTINGS, last.learners[0], 2)
    assert asked == [(SETTINGS.seed, step) for step in (1, 2, 3, 0)]


def test_skips_that_are_not_in_a_row_do_not_stop_it(monkeypatch):
    poison(monkeypatch, "b", math.nan, at=range(0, 10**6, 2))
    only = {"lstm": MODELS["lstm"]}
    (*_, (last, _)) = loop.train(SETTINGS, start(SETTINGS, only), 2 * PATIENCE + 3)
    assert last.learners[0].skipped > PATIENCE


def test_memory_that_does_not_suffice_is_told_in_one_line(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(loop, "learn", full)
    with pytest.raises(TrainingError, match=r"^step 1 does not fit into memory; a smaller batch or model might$"):
        next(loop.train(SETTINGS, start(SETTINGS, MODELS), 1))
