"""Which runs a sweep consists of, and everything that is no sweep."""

import pytest

from sabcore.errors import ConfigError
from sabcore.train.experiment import read_experiment
from sabcore.train.sweep import plan as module
from sabcore.train.sweep.plan import Grid, plan, read_grids
from tests.train.test_experiment import SMALL


@pytest.fixture
def path(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


def test_grids_are_read_as_they_were_written():
    assert read_grids(["task.T=5, 10", "models.sab.k_top=2"]) == [
        Grid("task.T", ("5", "10")), Grid("models.sab.k_top", ("2",))
    ]  # fmt: skip


def test_every_combination_has_every_seed_in_order(path):
    points = plan(path, read_grids(["task.T=5,7", "task.answer=sum,half"]), 2, ["training.seed=3"])
    assert [(*point.values, point.seed) for point in points] == [
        (T, answer, seed) for T in ("5", "7") for answer in ("sum", "half") for seed in (3, 4)
    ]
    for point in points:
        T, answer = point.values
        changes = [f"task.T={T}", f"task.answer={answer}", f"training.seed={point.seed}"]
        assert point.experiment == read_experiment(path, changes)
    assert len({point.folder for point in points}) == 8


def test_a_folder_is_named_by_its_config_and_by_nothing_else(path):
    one, other = (plan(path, read_grids([grid]), 2) for grid in ("task.T=5,7", "task.T=9,7"))
    assert [point.folder for point in one[2:]] == [point.folder for point in other[2:]]
    assert not {point.folder for point in one[:2]} & {point.folder for point in other[:2]}
    assert one[0].experiment.digest.startswith(one[0].folder)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "needs something to vary"),
        ([""], "should have the form"),
        (["task.T"], "should have the form"),
        (["task.T="], "should have the form"),
        (["=5"], "should have the form"),
        (["task.T=5,,6"], "should have the form"),
        (["task.T=5, 5"], "has 5 twice"),
        (["task.T=5", "task.T =6"], "two grids vary task.T"),
        (["training.seed=1,2"], "seeds are varied by --seeds"),
    ],
)
def test_what_is_no_grid_is_refused_in_one_line(texts, says):
    with pytest.raises(ConfigError, match=says) as caught:
        read_grids(texts)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "changes", "says"),
    [
        (["task.U=1"], [], r"with task.U=1: task: .*'U'"),
        (["tasks.T=1"], [], "with tasks.T=1: the file has tasks"),
        (["task.T=5,1"], [], "with task.T=1: T is 1"),
        (["models.sba.k_top=2"], [], r"with models.sba.k_top=2: .*hidden_size"),
        (["steps.more=1"], [], "goes below steps"),
        (["task.T=5"], ["task.T=6"], "--set 'task.T=6' and --grid give the same value"),
        (["training.learning_rate=0.01,1e-2"], [], "0.01 and 1e-2 are the same run"),
        (["task.name=adding,copy"], [], "the metric should be the same in all runs"),
    ],
)
def test_what_means_nothing_is_refused_in_one_line(path, texts, changes, says):
    with pytest.raises(ConfigError, match=says) as caught:
        plan(path, read_grids(texts), 1, changes)
    assert "\n" not in str(caught.value)


def test_too_many_runs_are_refused_before_any_is_made(path, monkeypatch):
    monkeypatch.setattr(module, "MOST", 5)
    assert len(plan(path, read_grids(["task.T=5"]), 5)) == 5
    with pytest.raises(ConfigError, match="has 6 runs, but should have 5 at most"):
        plan(path, read_grids(["task.T=5,6"]), 3)
