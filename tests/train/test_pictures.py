"""A run's pictures: the curves show the log, the attention picture the weights at their steps."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sabcore.train import pictures
from sabcore.train.pictures import curve, draw_attention, draw_curves
from sabcore.train.task import AddingTask, CopyTask


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """The figure that was written last, beside the picture."""
    figures: list[Figure] = []
    save = pictures._save

    def keep(figure, path):
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(pictures, "_save", keep)
    return lambda: figures[-1]


def records(values, name="sab", metric="accuracy"):
    return [{"step": step, name: {"loss": value, metric: value / 2}} for step, value in enumerate(values, start=1)]


def test_a_curve_is_the_mean_over_parts_of_what_is_known():
    steps, values = curve(records([1.0, 2.0, 3.0]), "sab", "loss")
    np.testing.assert_array_equal(steps, [1, 2, 3])
    np.testing.assert_array_equal(values, [1, 2, 3])
    long = records([float(k) for k in range(1000)])
    long[5]["sab"]["loss"] = None
    steps, values = curve(long, "sab", "loss")
    assert len(steps) == len(values) == 100
    assert (steps[0], values[0]) == (5.5, 40 / 9)
    assert (steps[-1], values[-1]) == (995.5, 994.5)
    for record in long[:10]:
        record["sab"]["loss"] = None
    assert np.isnan(curve(long, "sab", "loss")[1][0])


def test_every_model_and_seed_has_a_line_in_both_panels(tmp_path, drawn):
    logs = [records([1.0, 0.5, 0.2]), records([2.0, 1.0, 0.4])]
    for log in logs:
        log[0]["lstm"] = {"loss": 3.0, "accuracy": 0.1}  # done after one step
    draw_curves(tmp_path / "curves.png", logs, ["sab", "lstm"], CopyTask(5))
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    loss, metric = drawn().axes
    assert [len(line.get_xdata()) for line in loss.lines] == [3, 3, 1, 1, 2]
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), [2.0, 1.0, 0.4])
    np.testing.assert_array_equal(metric.lines[1].get_ydata(), [1.0, 0.5, 0.2])
    assert loss.lines[-1].get_ydata()[0] == CopyTask(5).floor
    assert metric.lines[-1].get_ydata()[0] == CopyTask(5).chance
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["sab", "lstm", "a guess"]


def test_a_model_of_which_nothing_is_known_has_no_line(tmp_path, drawn):
    draw_curves(tmp_path / "curves.png", [records([1.0], metric="error")], ["sab", "other"], AddingTask(5))
    assert [len(axes.lines) for axes in drawn().axes] == [2, 2]


def test_attention_stands_at_the_steps_that_wrote_the_slots(tmp_path, drawn):
    weights = np.zeros((7, 3))
    weights[6, 1] = 0.5
    draw_attention(tmp_path / "a.png", weights, first_slot=2, k_att=2, title="words")
    image = drawn().axes[0].images[0]
    left, right, bottom, top = image.get_extent()
    np.testing.assert_array_equal(image.get_array(), weights)
    assert (left, right) == (1, 7)  # slots 2, 4 and 6, each two steps wide
    assert (top, bottom) == (0.5, 7.5)
    assert image.get_clim() == (0, 0.5)
    draw_attention(tmp_path / "a.png", -weights, first_slot=2, k_att=2, title="words")
    assert drawn().axes[0].images[0].get_clim() == (-0.5, 0.5)


def test_there_is_a_look_for_any_number_of_models(tmp_path, drawn):
    names = [f"model{k}" for k in range(len(pictures.STYLES) + 2)]
    log = [{"step": 1, **{name: {"loss": 1.0, "accuracy": 0.5} for name in names}}]
    draw_curves(tmp_path / "curves.png", [log], names, CopyTask(5))
    assert len(drawn().axes[0].lines) == len(names) + 1
