"""One run of a sweep: begun, stopped, resumed, done; and never taken for another."""

import json

import pytest

from sabcore.errors import FormatError
from sabcore.train import run as run_module
from sabcore.train.begin import CONFIG
from sabcore.train.experiment import read_experiment
from sabcore.train.loop import evaluate, start, train
from sabcore.train.run import CHECKPOINT, LOG, Run
from sabcore.train.sweep.work import RESULT, read_result, work
from tests.train.test_experiment import SMALL


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return read_experiment(tmp_path / "small.toml")


def state(folder):
    return {name: (folder / name).read_bytes() for name in (CHECKPOINT, LOG, CONFIG, RESULT)}


def test_the_result_is_that_of_the_training_loop(tmp_path, experiment):
    told: list[int] = []
    result = work(tmp_path / "run", experiment, 20, told.append)
    snapshot = list(train(experiment.settings, start(experiment.settings, experiment.models), 9))[-1][0]
    want = {learner.name: evaluate(experiment.settings, learner, 20) for learner in snapshot.learners}
    assert result == {"digest": experiment.digest, "sequences": 20, "step": 9, "models": want}
    assert json.loads((tmp_path / "run" / RESULT).read_text()) == result
    assert told == list(range(10))


def test_a_finished_run_is_left_alone(tmp_path, experiment):
    result = work(tmp_path, experiment, 20)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert work(tmp_path, experiment, 20) == result
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_other_sequences_are_evaluated_without_training_again(tmp_path, experiment):
    told: list[int] = []
    first = work(tmp_path, experiment, 20)
    second = work(tmp_path, experiment, 30, told.append)
    assert told == [9]
    assert first
    assert second
    assert second["models"] != first["models"]


@pytest.mark.parametrize("at", [1, 5, 8])
def test_stopped_and_resumed_it_equals_an_undisturbed_one(tmp_path, experiment, at):
    steps: list[int] = []
    assert work(tmp_path / "part", experiment, 20, steps.append, lambda: steps[-1] == at) is None
    assert not (tmp_path / "part" / RESULT).exists()
    with Run.resume(tmp_path / "part") as run:
        assert run.step == at  # saved where it was stopped
    (tmp_path / "part" / CONFIG).unlink()  # as if it had been killed before it was written
    again: list[int] = []
    assert work(tmp_path / "part", experiment, 20, again.append) == work(tmp_path / "whole", experiment, 20)
    assert again == list(range(at, 10))
    assert state(tmp_path / "part") == state(tmp_path / "whole")


def test_told_to_stop_at_its_last_step_it_is_done(tmp_path, experiment):
    assert work(tmp_path, experiment, 20, stopped=lambda: True) is None
    steps: list[int] = []
    result = work(tmp_path, experiment, 20, steps.append, lambda: steps[-1] == 9)
    assert result
    assert result["step"] == 9


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path, experiment, monkeypatch):
    monkeypatch.setattr(run_module, "SAVE_EVERY", 3)

    def die(step):
        if step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "part", experiment, 20, die)
    again: list[int] = []
    assert work(tmp_path / "part", experiment, 20, again.append) == work(tmp_path / "whole", experiment, 20)
    assert again[0] == 6
    assert state(tmp_path / "part") == state(tmp_path / "whole")


def test_a_run_of_another_experiment_is_refused_and_let_go_of(tmp_path, experiment):
    work(tmp_path / "run", experiment, 20)
    for change in ("training.seed=1", "models.sab.k_top=1"):
        other = read_experiment(tmp_path / "small.toml", [change])
        before = state(tmp_path / "run")
        with pytest.raises(FormatError, match="holds a run of another experiment"):
            work(tmp_path / "run", other, 20)
        assert state(tmp_path / "run") == before
    Run.resume(tmp_path / "run").close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: "",
        lambda found: "[1",
        lambda found: "[]",
        lambda found: "[" * 100_000,
        lambda found: json.dumps({**found, "digest": "other"}),
        lambda found: json.dumps({**found, "sequences": 21}),
        lambda found: json.dumps({**found, "step": None}),
        lambda found: json.dumps({**found, "models": {"sab": found["models"]["sab"]}}),
        lambda found: json.dumps({**found, "models": {**found["models"], "lstm": {"loss": 1.0}}}),
        lambda found: json.dumps({**found, "models": {**found["models"], "lstm": {"loss": "1", "error": 1.0}}}),
    ],
)
def test_a_damaged_result_is_none_and_made_again(tmp_path, experiment, damage):
    result = work(tmp_path, experiment, 20)
    assert read_result(tmp_path, experiment, 20) == result
    (tmp_path / RESULT).write_text(damage(result))
    assert read_result(tmp_path, experiment, 20) is None
    assert work(tmp_path, experiment, 20) == result


def test_a_result_that_is_not_finite_is_one(tmp_path, experiment):
    result = work(tmp_path, experiment, 20)
    assert result
    result["models"]["lstm"]["error"] = None
    (tmp_path / RESULT).write_text(json.dumps(result))
    assert read_result(tmp_path, experiment, 20) == result
