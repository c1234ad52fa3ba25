"""Experiments in files: those of the repository, changed values, and everything that means nothing."""

from pathlib import Path

import pytest

from sabcore.demos.copy import Options
from sabcore.errors import ConfigError, FormatError
from sabcore.train.experiment import read_experiment
from sabcore.train.loop import start, train
from sabcore.train.model import Recurrent, Transformer
from sabcore.train.outliers import Outliers
from sabcore.train.task import AddingTask
from sabcore.transformer import TransformerConfig

FILES = sorted((Path(__file__).parents[2] / "experiments").glob("*.toml"))
SMALL = """
steps = 9
[task]
name = "adding"
T = 5
[training]
batch_size = 2
learning_rate = 0.01
clip_norm = 1
[models.sab]
hidden_size = 4
k_top = 2
score_bound = 0.5
[models.lstm]
preset = "lstm"
hidden_size = 3
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


def test_there_are_some():
    assert {file.stem for file in FILES} >= {"copy", "adding", "digits", "text"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_those_of_the_repository_train(file):
    shorter = ["task.T=4"] if "T = " in file.read_text() else []
    experiment = read_experiment(file, ["training.batch_size=2", *shorter])
    _, record = next(train(experiment.settings, start(experiment.settings, experiment.models), 1))
    assert set(record) == {"step", *experiment.models}
    assert all(record[name]["skipped"] is None for name in experiment.models)


def test_the_copy_experiment_is_the_demo():
    experiment, options = read_experiment(FILES[[file.stem for file in FILES].index("copy")]), Options()
    assert experiment.settings == options.settings()
    assert experiment.models == options.models()
    assert experiment.steps == options.steps


def test_a_file_says_all(path):
    experiment = read_experiment(path)
    assert experiment.steps == 9
    assert experiment.settings.task == AddingTask(5)
    assert (experiment.settings.batch_size, experiment.settings.seed, experiment.settings.dtype) == (2, 0, "float32")
    sab, lstm = experiment.models["sab"], experiment.models["lstm"]
    assert isinstance(sab, Recurrent)
    assert isinstance(lstm, Recurrent)
    assert (sab.config.k_top, sab.score_bound, sab.input_size) == (2, 0.5, 2)
    assert (lstm.config.k_top, lstm.config.hidden_size, lstm.score_bound) == (0, 3, None)


def test_a_model_may_be_of_another_kind(path):
    path.write_text(f'{SMALL}[models.attentive]\nkind = "transformer"\nhidden_size = 6\nheads = 2\n')
    model = read_experiment(path, ["models.attentive.layers=1"]).models["attentive"]
    config = TransformerConfig(input_size=2, hidden_size=6, output_size=1, layers=1, heads=2)
    assert model == Transformer(config)


def test_values_can_be_changed(path):
    changes = ["training.seed=3", "task.answer=half", "models.lstm.hidden_size = 5", "training.hold=4",
               "training.decay=2", 'training.dtype="float64"']  # fmt: skip
    experiment = read_experiment(path, changes)
    assert experiment.settings.task == AddingTask(5, "half")
    assert (experiment.settings.seed, experiment.settings.dtype, experiment.settings.decay) == (3, "float64", 2)
    assert experiment.models["lstm"].to_dict()["config"]["hidden_size"] == 5


def test_the_digest_is_of_what_is_said_not_of_how(path):
    want = read_experiment(path).digest
    path.write_text("# a comment\n" + SMALL.replace("0.01", "1e-2") + "k_att = 1\n")
    assert read_experiment(path).digest == want
    assert read_experiment(path, ["training.seed=1"]).digest != want


def test_a_new_option_that_is_off_makes_no_other_experiment_of_an_old_one(path):
    """Finished runs are found again by their digest."""
    assert read_experiment(path).digest == "d9916f3f083432f1f019cd8ed6560989961406654fac43f854f9f241692c8839"


def test_outliers_are_a_table_below_training(path):
    settings = read_experiment(path, ["training.outliers.window=50"]).settings
    assert settings.outliers == Outliers(times=10.0, window=50)
    assert read_experiment(path, ["training.outliers={}"]).settings.outliers == Outliers()
    assert read_experiment(path).settings.outliers is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("steps=0", "steps is 0"),
        ("steps=x", "steps is 'x'"),
        ("more=1", "the file has more"),
        ("task=3", "task is 3, but should be a table"),
        ("task.name=add", "task.name is 'add'"),
        ("task.name=3", "task.name is 3"),
        ("task.T=1", "T is 1"),
        ("task.U=1", r"task: .*'U'"),
        ("training=[]", "training is"),
        ("training.batch_size=0", "batch_size is 0"),
        ("training.rate=1", r"training: .*'rate'"),
        ("training.task=1", "training"),
        ("training.curriculum=1", "curriculum is 1, but should be a table"),
        ("training.curriculum.start=0", "start is 0"),
        ("training.curriculum.begin=0", r"training.curriculum: .*'begin'"),
        ("training.outliers=true", "outliers is True, but should be a table"),
        ("training.outliers.times=1", "times is 1"),
        ("training.outliers.factor=1", r"training.outliers: .*'factor'"),
        ("training.patience=3", "patience is 3"),
        ("models={}", "called nothing"),
        ("models.sab=1", "models.sab is 1"),
        ("models.step.k_top=1", "plain names, not step"),
        ("models.sab.input_size=2", "input_size, which is the task's"),
        ("models.sab.preset=papers", "preset is 'papers'"),
        ("models.sab.k_tip=2", "k_tip"),
        (
            "models.sab.kind=tree",
            "'tree', but should be one of recurrent, released_torch_0_1_12, transformer",
        ),
        ("models.sab.kind=released_torch_0_1_12", "score_bound"),
        ("models.sab.kind=transformer", "a transformer has no field k_top, score_bound"),
        ("models.sab.score_bound=0", "score_bound is 0"),
        ("models.sab.score_bound.x=0", "goes below score_bound, which is no table"),
        ("steps", "should have the form key=value"),
        ("a..b=1", "should have the form key=value"),
    ],
)
def test_what_means_nothing_is_refused_by_name(path, change, says):
    with pytest.raises(ConfigError, match=says) as caught:
        read_experiment(path, [change])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"steps = ", b"\xff\xfe", b"a = " + b"[" * 5000, b"# " + b"x" * (1 << 20)])
def test_files_that_are_no_toml_are_refused_in_one_line(path, content):
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"small\.toml") as caught:
        read_experiment(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FormatError, match="No such file"):
        read_experiment(path.with_name("nothing"))


def test_a_missing_value_is_named(path):
    path.write_text(SMALL.replace("clip_norm = 1", ""))
    with pytest.raises(ConfigError, match="clip_norm"):
        read_experiment(path)
