"""The copy demo's picture: its curves, where SAB looks, and a run of which little is known."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from sabcore.demos import copy as experiment
from sabcore.demos import copy_picture
from sabcore.demos.copy_picture import COLOURS, _curve, _draw_attention, _draw_lengths, _draw_transfer, _smooth, draw


def test_curves_are_means_of_the_last_values_that_are_known():
    values = np.array([1.0, 3.0, np.nan, 5.0, 7.0])
    np.testing.assert_array_equal(_smooth(values, 2), [1, 2, 3, 5, 6])
    np.testing.assert_array_equal(_smooth(values, 99), [1, 2, 2, 3, 4])
    assert np.isnan(_smooth(values[2:3], 2)).all()


def test_a_run_of_one_step_with_unknown_values_can_be_drawn(tmp_path):
    record = {"step": 1, **{name: {"T": 1, "loss": None, "accuracy": None} for name in experiment.MODELS}}
    transfer = {name: {1: None, 2: 0.5} for name in experiment.MODELS}
    draw(tmp_path / "p.png", [record], experiment.MODELS, experiment.Options(T=1), np.zeros((21, 21)), transfer)
    assert (tmp_path / "p.png").stat().st_size > 1000


@pytest.fixture
def axes():
    return Figure().add_subplot()


LOG: list[dict[str, Any]] = [{"step": step, "sab": {"T": 5 + step, "accuracy": step / 10}} for step in (1, 2, 3)]
LOG[0]["bptt"] = {"T": 5, "accuracy": None}


def test_a_curve_has_the_steps_at_which_the_model_learned():
    steps, values = _curve(LOG, "sab", "T")
    assert (steps.tolist(), values.tolist()) == ([1, 2, 3], [6, 7, 8])
    steps, values = _curve(LOG, "bptt", "accuracy")
    assert steps.tolist() == [1]
    assert np.isnan(values).all()


def test_a_line_ends_with_a_mark_where_the_model_is_done(axes):
    _draw_lengths(axes, LOG, {"sab": "SAB", "bptt": "full BPTT"}, experiment.Options(T=50))
    sab, end, bptt, its_end, goal = axes.lines
    assert (sab.get_xdata().tolist(), sab.get_ydata().tolist()) == ([1, 2, 3], [6, 7, 8])
    assert (end.get_xdata().tolist(), end.get_ydata().tolist()) == ([3], [8])
    assert its_end.get_xdata().tolist() == bptt.get_xdata().tolist() == [1]
    assert (sab.get_color(), bptt.get_color()) == (COLOURS["sab"], COLOURS["bptt"])
    assert set(goal.get_ydata()) == {50}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["SAB", "full BPTT"]


def test_other_lengths_stand_at_their_place(axes):
    _draw_transfer(axes, {"sab": {10: 1.0, 100: None, 1000: 0.5}})
    line, chance = axes.lines
    assert list(line.get_xdata()) == [10, 100, 1000]
    np.testing.assert_array_equal(line.get_ydata(), [1.0, np.nan, 0.5])
    assert set(chance.get_ydata()) == {1 / 8}


def test_a_weight_stands_at_the_step_that_wrote_its_slot():
    options = experiment.Options(T=3, k_att=4)
    length, first = 23, options.models()["sab"].config.first_slot
    attention = np.zeros((length, (length - first) // 4 + 1))
    attention[20, 1] = 0.75
    figure = Figure()
    _draw_attention(figure, axes := figure.add_subplot(), options, attention)
    drawn: Any = axes.images[0].get_array()  # masked where nothing is known
    table = np.asarray(drawn)
    assert table[20, first + 4] == 0.75
    assert np.nansum(table) == 0.75
    assert np.isnan(np.ma.getdata(drawn)[: first + 4, first + 4]).all()  # not written yet
    assert axes.images[0].get_clim() == (0, 0.75)
    left, right, bottom, top = axes.images[0].get_extent()
    assert (left, right, top, bottom) == (-0.5, length + 0.5, 0.5, length + 0.5)


def test_the_picture_is_written_whole(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(copy_picture, "write_atomically", lambda path, data: written.append((path, data[:4])))
    transfer = {name: {3: 0.5} for name in experiment.MODELS}
    record = {"step": 1, **{name: {"T": 3, "loss": 1.0, "accuracy": 0.1} for name in experiment.MODELS}}
    draw(tmp_path / "p.png", [record], experiment.MODELS, experiment.Options(T=3), np.zeros((23, 23)), transfer)
    assert written == [(tmp_path / "p.png", b"\x89PNG")]
