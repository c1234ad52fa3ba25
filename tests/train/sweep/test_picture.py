"""The picture: medians where the values are, bands around them, a panel for each combination of other grids."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sabcore.train.sweep import picture
from sabcore.train.sweep.picture import draw


def found(second=(), medians=(0.2, 0.5, None)):
    rows = []
    for other in second or [None]:
        for name in ("sab", "lstm"):
            for T, median in zip(("30", "2", "100"), medians, strict=True):
                values = {"task.T": T} | ({"training.batch_size": other} if other else {})
                spread = (None, None) if median is None else (median - 0.1, median + 0.2)
                rows.append({"values": values, "model": name, "seeds": 3, "median": median, "least": spread[0],
                             "most": spread[1]})  # fmt: skip
    grids = {"task.T": ["30", "2", "100"]} | ({"training.batch_size": list(second)} if second else {})
    return {"grids": grids, "metric": "accuracy", "chance": 0.125, "rows": rows}


@pytest.fixture
def figures(monkeypatch):
    """The figures that were drawn."""
    kept, savefig = [], Figure.savefig

    def keep(figure, *arguments, **options):
        kept.append(figure)
        savefig(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return kept


def test_medians_stand_at_their_values_in_order_with_their_bands(tmp_path, figures):
    draw(tmp_path / "p.png", found())
    (axes,) = figures[0].axes
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines) == ["sab", "lstm", "chance"]
    np.testing.assert_array_equal(lines["sab"].get_xdata(), [2, 30, 100])
    np.testing.assert_array_equal(lines["sab"].get_ydata(), [0.5, 0.2, np.nan])
    low, high = axes.collections[0].get_datalim(axes.transData).intervaly
    assert (low, high) == (pytest.approx(0.1), pytest.approx(0.7))
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["30", "2", "100"]
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_other_grids_have_a_panel_a_combination(tmp_path, figures):
    draw(tmp_path / "p.png", found(("2", "4", "8", "16")))
    titled = [axes.get_title(loc="left") for axes in figures[0].axes if axes.lines]
    assert titled == [f"training.batch_size = {size}" for size in (2, 4, 8, 16)]


def test_words_stand_in_the_order_they_came():
    assert picture._places(["sum", "half", "3"]) == {"sum": 0, "half": 1, "3": 2}
    assert picture._places(["3", "1e-2"]) == {"3": 3, "1e-2": 0.01}


def test_nothing_finite_is_a_picture_too(tmp_path):
    draw(tmp_path / "p.png", found(medians=(None, None, None)))
    assert (tmp_path / "p.png").exists()
