"""Checkpoints: what goes in comes out to the bit; damaged, foreign and hostile ones are refused in one line."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sabcore import SABConfig, init_params, save_params
from sabcore.array.files import read_tensors, write_tensors
from sabcore.errors import FormatError
from sabcore.train.checkpoint import Checkpoint, Log, load_checkpoint, save_checkpoint
from sabcore.train.curriculum import Curriculum, Progress
from sabcore.train.loop import Snapshot, start
from sabcore.train.model import Recurrent
from sabcore.train.outliers import Outliers
from sabcore.train.settings import Settings
from sabcore.train.task import CopyTask

SETTINGS = Settings(
    CopyTask(30), batch_size=2, learning_rate=1 / 3, seed=2**63, dtype="float64", clip_norm=0.1, decay=7,
    curriculum=Curriculum(), patience={"one": 9},
)  # fmt: skip
SIZES = {"input_size": 10, "hidden_size": 3, "output_size": 10}
MODELS = {
    "one": Recurrent(SABConfig.released(**SIZES, k_top=2), score_bound=0.3),
    "two": Recurrent(SABConfig.lstm(**SIZES)),
}
PROGRESS = {"one": Progress(8, (0.1, 1 / 3), since=2), "two": Progress(30, fallen=5)}


def checkpoint():
    rng = np.random.default_rng(0)
    learners = []
    for learner in start(SETTINGS, MODELS).learners:
        state = {k: rng.random(v.shape) if v.dtype.kind == "f" else v + 9 for k, v in learner.state.items()}
        learners.append(
            replace(learner, state=state, progress=PROGRESS[learner.name], skipped=4, in_a_row=2, attempt=1)
        )
    return Checkpoint(Snapshot(9, tuple(learners)), SETTINGS, Log(1234, "ab"), {"words": "ä\n", "k_top": None})


def test_each_fact_stands_in_it_once(tmp_path):
    save_checkpoint(tmp_path / "c", checkpoint())
    text = read_tensors(tmp_path / "c")[1]["run"]
    for fact in ("hidden_size", "learning_rate"):
        assert text.count(f'"{fact}"') == (2 if fact == "hidden_size" else 1)  # a model's fact, and the run's
    assert text.count("9223372036854775808") == 1


def averaging():
    """The same checkpoint with an average of the weights of each model."""
    rng, plain = np.random.default_rng(1), checkpoint()
    learners = [replace(one, average={name: rng.random(value.shape) for name, value in one.params.items()})
                for one in plain.snapshot.learners]  # fmt: skip
    return plain._replace(snapshot=Snapshot(9, tuple(learners)), settings=replace(SETTINGS, average=0.9))


def skipping():
    """The same checkpoint with the norms of the latest gradients of one model."""
    plain = checkpoint()
    one, two = plain.snapshot.learners
    learners = (replace(one, norms=(1 / 3, 0.0, 1e300)), two)
    return plain._replace(
        snapshot=Snapshot(9, learners), settings=replace(SETTINGS, outliers=Outliers(times=7.5, window=5))
    )


def assert_refused(path, says="is not a"):
    with pytest.raises(FormatError, match=says) as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("make", [checkpoint, averaging, skipping])
def test_what_goes_in_comes_out_to_the_bit(tmp_path, make):
    want = make()
    save_checkpoint(tmp_path / "c", want)
    got = load_checkpoint(tmp_path / "c")
    assert got[1:] == want[1:]
    assert got.snapshot.step == 9
    for a, b in zip(got.snapshot.learners, want.snapshot.learners, strict=True):
        assert replace(a, params={}, state={}, average=None) == replace(b, params={}, state={}, average=None)
        for mine, other in ((a.params, b.params), (a.state, b.state), (a.judged, b.judged)):
            assert list(mine) == list(other)  # in the same order: the norm's sum depends on it
            for key, value in other.items():
                assert (mine[key].dtype, mine[key].tobytes()) == (value.dtype, value.tobytes())


def test_a_failed_write_leaves_the_old_one(tmp_path, monkeypatch):
    save_checkpoint(tmp_path / "c", checkpoint())
    before = (tmp_path / "c").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FormatError, match="No space left"):
        save_checkpoint(tmp_path / "c", checkpoint()._replace(log=Log(1, "cd")))
    assert (tmp_path / "c").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_truncated_checkpoint_is_refused(tmp_path, cut):
    save_checkpoint(tmp_path / "c", checkpoint())
    data = (tmp_path / "c").read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(cut * len(data))])
    assert_refused(tmp_path / "cut")


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("hello")
    save_params(tmp_path / "params", MODELS["two"].config, init_params(MODELS["two"].config))
    assert_refused(tmp_path / "text", "not a readable safetensors file")
    assert_refused(tmp_path / "params", "not a sab-checkpoint file")
    assert_refused(tmp_path / "nothing", "not there")
    assert_refused(tmp_path, "a folder")


def at(*keys):
    """A change of the value below these keys of the metadata's JSON."""

    def change(run, value):
        for key in keys[:-1]:
            run = run[key]
        run[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "values"),
    [
        (at("step"), [-1, 1.5, "1", None, True, 8, 10**30]),
        (at("log"), [None, 3, {}, {"size": 1}]),
        (at("log", "size"), [-1, "x", None]),
        (at("settings"), [{}, [], None, 3]),
        (at("settings", "task"), [{}, {"name": "copy"}, {"name": "copy", "T": 10**15}, "copy"]),
        (at("settings", "task", "encoding"), ["number", "letters", 3]),
        (at("settings", "batch_size"), [0, None, "2", 10**18]),
        (at("settings", "dtype"), ["float32", "object", 3]),
        (at("settings", "learning_rate"), [0, float("nan"), float("inf"), [], 10**400]),
        (at("settings", "decay"), [4, None, "x"]),
        (at("settings", "curriculum"), [None, {}, {"start": "x"}, 3]),
        (at("settings", "patience"), [None, {"one": 0}, 3]),
        (at("settings", "extra"), [1]),
        (at("learners"), [[], {}, None, [3], "abc"]),
        (at("learners", 1, "name"), ["one", "", "../x", "three", 5, None]),
        (at("learners", 1, "model"), [{}, None, [], {"kind": "tree"}]),
        (at("learners", 1, "model", "config", "hidden_size"), [4, 10**12, 0]),
        (at("learners", 1, "model", "config", "input_size"), [9]),
        (at("learners", 1, "model", "config", "k_top"), [1, "1"]),
        (at("learners", 1, "model", "score_bound"), [0, "x"]),
        (at("learners", 1, "progress"), [{}, None, 3]),
        (at("learners", 1, "progress", "T"), [None, 4, 31, "8", 10**30]),
        (at("learners", 1, "progress", "fallen"), [-1, 8, "x", 10**30]),
        (at("learners", 0, "progress", "since"), [-1, 10, None, 10**30]),
        (at("learners", 0, "progress", "recent"), [None, ["x"], 3]),
        (at("learners", 1, "skipped"), [-1, None, 0.5]),
        (at("learners", 1, "in_a_row"), [-1, None, 0.5]),
        (at("learners", 1, "attempt"), [-1, None, 0.5, 10**30]),
        (at("learners", 0, "norms"), [[1.0], 3, None]),  # these settings remember none
        (at("notes"), [None, 3]),
    ],
)
def test_metadata_that_lies_is_refused(tmp_path, change, values):
    save_checkpoint(tmp_path / "c", checkpoint())
    tensors, metadata = read_tensors(tmp_path / "c")
    for value in values:
        run = json.loads(metadata["run"])
        change(run, value)
        write_tensors(tmp_path / "bad", tensors, {**metadata, "run": json.dumps(run)})
        assert_refused(tmp_path / "bad", "not a usable checkpoint")


@pytest.mark.parametrize("norms", [[1.0] * 6, ["x"], [1], [-1.0], [float("nan")], [float("inf")], 3, None])
def test_norms_that_no_learner_remembers_are_refused(tmp_path, norms):
    save_checkpoint(tmp_path / "c", skipping())
    tensors, metadata = read_tensors(tmp_path / "c")
    run = json.loads(metadata["run"])
    run["learners"][0]["norms"] = norms
    write_tensors(tmp_path / "bad", tensors, {**metadata, "run": json.dumps(run)})
    assert_refused(tmp_path / "bad", "not a usable checkpoint")


@pytest.mark.parametrize("run", ["", "{", "[]", "null", "[" * 100_000])
def test_metadata_that_is_no_run_is_refused(tmp_path, run):
    save_checkpoint(tmp_path / "c", checkpoint())
    tensors, metadata = read_tensors(tmp_path / "c")
    write_tensors(tmp_path / "bad", tensors, {**metadata, "run": run})
    assert_refused(tmp_path / "bad", "not a usable checkpoint")


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop("one.param.W_ih"),
        lambda tensors: tensors.pop("two.state.m.d"),
        lambda tensors: tensors.pop("two.state.t"),
        lambda tensors: tensors.update({"one.param.more": np.ones(1)}),
        lambda tensors: tensors.update({"three.param.d": np.ones(1)}),
        lambda tensors: tensors.update({"one.param.d": np.ones(9)}),
        lambda tensors: tensors.update({"one.param.d": np.ones(10, "float32")}),
        lambda tensors: tensors.update({"one.param.d": np.full(10, np.nan)}),
        lambda tensors: tensors.update({"one.state.v.d": np.full(10, np.inf)}),
        lambda tensors: tensors.update({"one.state.v.d": np.ones((10, 1))}),
        lambda tensors: tensors.update({"one.state.t": np.ones(1)}),
        lambda tensors: tensors.update({"one.state.t": np.array([-1])}),
        lambda tensors: tensors.update({"one.state.t": np.array([10])}),  # of 9 steps
        lambda tensors: tensors.update({"one.state.t": np.array([2**63 - 1])}),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path, change):
    save_checkpoint(tmp_path / "c", checkpoint())
    tensors, metadata = read_tensors(tmp_path / "c")
    change(tensors)
    write_tensors(tmp_path / "bad", tensors, metadata)
    assert_refused(tmp_path / "bad", "not a usable checkpoint")


@pytest.mark.parametrize("name", ["one.average.W_ih", "two.average.d"])
def test_an_average_that_does_not_fit_is_refused(tmp_path, name):
    save_checkpoint(tmp_path / "c", averaging())
    tensors, metadata = read_tensors(tmp_path / "c")
    for bad in (None, np.ones(9), np.full(tensors[name].shape, np.nan), tensors[name].astype("float32")):
        others = {key: value for key, value in tensors.items() if key != name}
        write_tensors(tmp_path / "bad", others if bad is None else {**others, name: bad}, metadata)
        assert_refused(tmp_path / "bad", "not a usable checkpoint")
    save_checkpoint(tmp_path / "plain", checkpoint())  # whose settings ask for no average
    tensors, metadata = read_tensors(tmp_path / "plain")
    write_tensors(tmp_path / "bad", {**tensors, name: np.ones(10)}, metadata)
    assert_refused(tmp_path / "bad", "not a usable checkpoint")


@pytest.mark.parametrize("name", ["a.b", "", "../x", "x y"])
def test_a_name_that_is_no_plain_word_is_refused_though_all_agree_on_it(tmp_path, name):
    save_checkpoint(tmp_path / "c", checkpoint())
    tensors, metadata = read_tensors(tmp_path / "c")
    run = json.loads(metadata["run"])
    run["learners"][1]["name"] = name
    renamed = {key.replace("two.", f"{name}.", 1) if key.startswith("two.") else key: tensors[key] for key in tensors}
    write_tensors(tmp_path / "bad", renamed, {**metadata, "run": json.dumps(run)})
    assert_refused(tmp_path / "bad", "should have different plain names")


def test_another_version_is_refused(tmp_path):
    save_checkpoint(tmp_path / "c", checkpoint())
    tensors, metadata = read_tensors(tmp_path / "c")
    for version in ("1", "3", ""):
        write_tensors(tmp_path / "bad", tensors, {**metadata, "version": version})
        assert_refused(tmp_path / "bad", "is not a sab-checkpoint file, version 2")


def test_a_length_without_a_curriculum_is_refused(tmp_path):
    plain = replace(SETTINGS, curriculum=None, patience={}, hold=3)
    save_checkpoint(tmp_path / "c", Checkpoint(start(plain, MODELS), plain, Log(0, "ab"), {}))
    assert load_checkpoint(tmp_path / "c").settings == plain
    tensors, metadata = read_tensors(tmp_path / "c")
    run = json.loads(metadata["run"])
    run["learners"][0]["progress"]["T"] = 8
    write_tensors(tmp_path / "bad", tensors, {**metadata, "run": json.dumps(run)})
    assert_refused(tmp_path / "bad", "T is 8 without a curriculum")
