"""The folder of an experiment: its run, and a config from which the experiment can be had again."""

import json

import pytest

from sabcore.errors import FormatError
from sabcore.train import begin
from sabcore.train.begin import CONFIG, begin_run, open_run
from sabcore.train.experiment import read_experiment
from sabcore.train.origin import origin
from sabcore.train.run import Run
from tests.train.test_experiment import SMALL


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return read_experiment(tmp_path / "small.toml", ["training.seed=7"])


def test_the_folder_says_what_is_run_in_it(tmp_path, experiment):
    with begin_run(tmp_path / "run", experiment) as run:
        assert (run.step, run.settings, run.notes) == (0, experiment.settings, {"steps": 9})
        assert {learner.name: learner.model for learner in run.snapshot.learners} == experiment.models
    config = json.loads((tmp_path / "run" / CONFIG).read_text())
    assert config["digest"] == experiment.digest
    assert {key: config[key] for key in experiment.to_dict()} == json.loads(json.dumps(experiment.to_dict()))
    assert {key: config[key] for key in ("versions", "machine", "commit")} == origin()


def test_a_config_that_cannot_be_written_leaves_the_folder_free(tmp_path, experiment, monkeypatch):
    def full(*_):
        raise FormatError("No space left on device")

    monkeypatch.setattr(begin, "write_atomically", full)
    with pytest.raises(FormatError, match="No space left") as kept:  # and with it whatever the frames hold
        begin_run(tmp_path / "run", experiment)
    Run.resume(tmp_path / "run").close()
    assert kept


def test_a_run_is_opened_where_it_stands_and_no_other_in_its_place(tmp_path, experiment):
    with open_run(tmp_path / "run", experiment) as run:
        assert run.step == 0
        list(run.train(3))
    with open_run(tmp_path / "run", experiment) as run:
        assert run.step == 3
    for change in ("training.seed=8", "models.sab.k_top=3"):
        other = read_experiment(tmp_path / "small.toml", ["training.seed=7", change])
        with pytest.raises(FormatError, match="holds a run of another experiment") as kept:
            open_run(tmp_path / "run", other)
        Run.resume(tmp_path / "run").close()  # and left free
        assert kept


def test_a_config_that_is_not_there_is_written_when_the_run_is_opened(tmp_path, experiment):
    begin_run(tmp_path / "run", experiment).close()
    (tmp_path / "run" / CONFIG).unlink()  # as if killed before it was written
    open_run(tmp_path / "run", experiment).close()
    assert json.loads((tmp_path / "run" / CONFIG).read_text())["digest"] == experiment.digest
