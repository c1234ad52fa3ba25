"""One step of one model: the guard against what is not finite, on the host and on a device; beginning again."""

import json
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.train.curriculum import Curriculum
from sabcore.train.learner import begin, begin_again, learn
from sabcore.train.model import Recurrent, recurrent
from sabcore.train.optim import global_norm
from sabcore.train.outliers import Outliers
from sabcore.train.settings import Settings
from sabcore.train.task import Batch, CopyTask
from tests.strict_array import StrictArray

SETTINGS = Settings(CopyTask(2), batch_size=3, learning_rate=0.01, seed=5, dtype="float32", clip_norm=1.0)
SIZES = {"input_size": 10, "hidden_size": 4, "output_size": 10}
MODELS = {
    "sab": Recurrent(SABConfig.paper(**SIZES, attention_size=3, k_top=2, k_att=2, k_trunc=5), score_bound=0.3),
    "lstm": Recurrent(SABConfig.lstm(**SIZES, k_trunc=5)),
}


def batch_of(step):
    return SETTINGS.task.batch(SETTINGS.seed, step, SETTINGS.batch_size, SETTINGS.dtype)


def first(settings=SETTINGS, name="sab"):
    return begin(name, MODELS[name], settings)


def same(a, b):
    """True if two dictionaries of arrays are equal to the bit."""
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and a[k].tobytes() == b[k].tobytes() for k in a)


def poison(monkeypatch, where, value, at=None):
    """Let the engine return `value` in one tensor, at the calls numbered in `at` (every call if None)."""
    calls = iter(range(10**6))

    def bad_forward(config, params, x):
        y, tape = forward(config, params, x)
        if where == "loss" and (at is None or next(calls) in at):
            y[0, 0, 0] = value
        return y, tape

    def bad_backward(config, params, tape, dy, **options):
        grads = backward(config, params, tape, dy, **options)
        if where in grads and (at is None or next(calls) in at):
            grads[where].reshape(-1)[-1] = value
        return grads

    forward, backward = recurrent.forward, recurrent.backward
    monkeypatch.setattr(recurrent, "forward", bad_forward)
    monkeypatch.setattr(recurrent, "backward", bad_backward)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "W_ih", "W_hh", "b", "W_m", "W_q", "w_a", "V_h", "V_s", "d"])
def test_what_is_not_finite_never_reaches_the_parameters(monkeypatch, where, value):
    learner = learn(first(), batch_of(1), SETTINGS)[0]
    poison(monkeypatch, where, value)
    after, report = learn(learner, batch_of(2), SETTINGS)
    assert same(after.params, learner.params)
    assert same(after.state, learner.state)
    assert (after.skipped, after.in_a_row) == (1, 1)
    assert report["skipped"] == ("the loss" if where == "loss" else f"the gradient of {where}")
    json.dumps(report, allow_nan=False)


def test_an_update_that_overflows_is_not_kept():
    settings = replace(SETTINGS, learning_rate=1e38)
    learner = first(settings)
    after_one = learn(learner, batch_of(1), settings)[0]
    huge = replace(learner, params={**learner.params, "d": np.full(10, -3e38, "float32")})
    after, report = learn(huge, batch_of(1), replace(settings, learning_rate=3e38))
    assert after_one.skipped == 0
    assert same(after.params, huge.params)
    assert report["skipped"].startswith("the ")
    assert after.skipped == 1


def test_a_gradient_of_x_that_is_not_finite_does_no_harm(monkeypatch):
    learner = first()
    want = learn(learner, batch_of(1), SETTINGS)[0]
    poison(monkeypatch, "x", math.nan)
    assert same(learn(learner, batch_of(1), SETTINGS)[0].params, want.params)


@pytest.mark.parametrize("name", MODELS)
def test_a_step_on_a_device_copies_no_array_to_the_host_and_equals_the_host(monkeypatch, name):
    monkeypatch.setattr(
        recurrent, "forward", partial(recurrent.forward, engine="plain")
    )  # the one that both can run on
    host = first(name=name)
    device = replace(host, params=on_device(host.params), state=on_device(host.state))
    for step in (1, 2):
        host, want = learn(host, batch_of(step), SETTINGS)
        device, got = learn(device, Batch(*map(StrictArray, batch_of(step))), SETTINGS)
        assert got == want
    assert same({key: value._value for key, value in {**device.params, **device.state}.items()},
                {**host.params, **host.state})  # fmt: skip


def on_device(arrays):
    return {name: StrictArray(value) for name, value in arrays.items()}


GROWING = replace(SETTINGS, decay=4, task=CopyTask(9), curriculum=Curriculum(), patience={"sab": 2})


def test_a_stuck_model_begins_again_from_a_seed_of_its_own():
    learner = first(GROWING)
    kept = replace(learner, progress=replace(learner.progress, since=1))
    assert begin_again(kept, GROWING) is kept
    stuck = replace(learner, progress=replace(learner.progress, since=2, recent=(0.1,)), skipped=3, in_a_row=2)
    again = begin_again(stuck, GROWING)
    assert (again.attempt, again.skipped, again.in_a_row, again.progress) == (1, 3, 0, GROWING.beginning)
    assert not any(again.state["t"])
    seeds = [learner.params, again.params, begin_again(replace(again, progress=stuck.progress), GROWING).params]
    assert len({params["W_hh"].tobytes() for params in seeds}) == 3
    assert same(begin_again(stuck, GROWING).params, again.params)
    other = replace(GROWING, seed=6)
    assert not same(begin_again(stuck, other).params, again.params)
    second = begin_again(replace(stuck, attempt=1), GROWING)
    assert not same(begin_again(stuck, other).params, second.params)  # nor do seed and attempt make up for each other


def test_the_record_says_what_the_model_reports():
    record, of_lstm = (learn(first(name=name), batch_of(1), SETTINGS)[1] for name in ("sab", "lstm"))
    assert set(record) == {"loss", "accuracy", "norm", "skipped", "h", "inverse_S", "local", "score"}
    assert set(of_lstm) == {"loss", "accuracy", "norm", "skipped", "h", "inverse_S"}
    assert record["inverse_S"] > 0
    assert of_lstm["inverse_S"] is None


def test_a_skipped_step_is_no_progress(monkeypatch):
    learner = first(GROWING)
    poison(monkeypatch, "b", math.nan)
    assert learn(learner, GROWING.batch(1, 5), GROWING)[0].progress == learner.progress


AVERAGING = replace(SETTINGS, average=0.75)


def test_the_average_follows_every_update_and_changes_none():
    plain, learner = first(), first(AVERAGING)
    assert same(learner.judged, learner.params)
    want = {name: value.astype("float64") for name, value in learner.params.items()}
    for step in (1, 2, 3):
        plain, _ = learn(plain, batch_of(step), SETTINGS)
        learner, _ = learn(learner, batch_of(step), AVERAGING)
        assert same(learner.params, plain.params)
        want = {name: 0.75 * value + 0.25 * learner.params[name] for name, value in want.items()}
    assert plain.average is None
    for name, value in want.items():
        assert learner.judged[name].dtype == learner.params[name].dtype
        np.testing.assert_allclose(learner.judged[name], value, rtol=1e-5, atol=1e-7)
        assert not np.array_equal(learner.judged[name], learner.params[name])


def test_a_skipped_step_leaves_the_average_and_a_fresh_model_has_its_own(monkeypatch):
    settings = replace(GROWING, average=0.75)
    learner = learn(first(settings), settings.batch(1, 5), settings)[0]
    again = begin_again(replace(learner, progress=replace(learner.progress, since=2)), settings)
    assert same(again.judged, again.params)
    poison(monkeypatch, "b", math.nan)
    assert same(learn(learner, settings.batch(2, 5), settings)[0].judged, learner.judged)


SKIPPING = replace(SETTINGS, outliers=Outliers(times=50.0, window=4))


def test_an_outlier_is_skipped_to_the_bit_and_counted(monkeypatch):
    learner = first(SKIPPING)
    for step in range(1, 5):
        learner, record = learn(learner, batch_of(step), SKIPPING)
        assert record["skipped"] is None
    assert len(learner.norms) == 4
    poison(monkeypatch, "b", 1e6)
    before = replace(learner, in_a_row=3)  # steps that were not finite: this one is
    after, record = learn(before, batch_of(5), SKIPPING)
    assert record["skipped"] == "the norm"
    assert record["norm"] > 1e5
    assert same(after.params, learner.params)
    assert same(after.state, learner.state)
    assert (after.progress, after.skipped, after.in_a_row) == (learner.progress, 1, 0)
    assert after.norms == (*learner.norms[1:], record["norm"])
    kept = learn(replace(learner, norms=()), batch_of(5), SETTINGS)[1]
    assert kept["skipped"] is None  # off by default


def test_without_outliers_no_norm_is_kept_and_where_none_stands_out_nothing_changes():
    plain, skipping = first(), first(SKIPPING)
    for step in range(1, 7):
        plain, want = learn(plain, batch_of(step), SETTINGS)
        skipping, got = learn(skipping, batch_of(step), SKIPPING)
        assert got == want
    assert same(plain.params, skipping.params)
    assert plain.norms == ()


def test_a_model_that_begins_again_compares_with_norms_of_its_own():
    settings = replace(GROWING, outliers=Outliers(window=4))
    stuck = replace(first(settings), progress=replace(settings.beginning, since=2), norms=(1.0, 2.0))
    assert begin_again(stuck, settings).norms == ()


def test_the_norm_is_that_before_clipping_and_what_is_learned_from_is_clipped():
    """Adam itself forgets a common factor, but its first moment is a tenth of what it was given."""
    free = learn(first(replace(SETTINGS, clip_norm=1e9)), batch_of(1), replace(SETTINGS, clip_norm=1e9))
    tight = replace(SETTINGS, clip_norm=1e-3)
    clipped = learn(first(tight), batch_of(1), tight)
    moments = [{name: value for name, value in each.state.items() if name.startswith("m.")} for each in
               (free[0], clipped[0])]  # fmt: skip
    assert free[1]["norm"] == clipped[1]["norm"] > 1e-2
    assert global_norm(moments[0]) == pytest.approx(0.1 * free[1]["norm"], rel=1e-5)
    assert global_norm(moments[1]) == pytest.approx(0.1 * 1e-3, rel=1e-5)


def test_a_step_is_as_long_as_the_learning_rate_of_its_progress():
    settings = replace(SETTINGS, hold=2, decay=4)
    moved = []
    for fallen in (0, 3):
        learner = replace(first(settings), progress=replace(settings.beginning, since=2, fallen=fallen))
        after = learn(learner, batch_of(1), settings)[0]
        moved.append(abs(after.params["b"] - learner.params["b"]).max())
    assert moved[1] == pytest.approx(moved[0] / 4, rel=1e-4)


def test_a_metric_that_is_not_finite_is_no_step(monkeypatch):
    learner = first()
    monkeypatch.setattr(CopyTask, "measure", lambda self, y, batch: math.nan)
    after, record = learn(learner, batch_of(1), SETTINGS)
    assert same(after.params, learner.params)
    assert (after.skipped, record["accuracy"], record["skipped"]) == (1, None, "the loss")


def test_a_state_that_overflows_is_not_kept_though_the_parameters_are_finite(monkeypatch):
    """The square of 1e30 is no float32: Adam's second moment would be infinite, and that parameter stand still."""
    settings = replace(SETTINGS, clip_norm=1e38)
    learner = first(settings)
    poison(monkeypatch, "b", 1e30)
    after, record = learn(learner, batch_of(1), settings)
    assert record["skipped"] == "the update of v.b"
    assert same(after.params, learner.params)
    assert same(after.state, learner.state)
