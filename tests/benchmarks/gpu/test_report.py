"""The report of a whole run, with its pictures."""

from pathlib import Path

import pytest

from sabcore.benchmarks.gpu import __main__ as command
from sabcore.benchmarks.gpu import timing
from sabcore.benchmarks.gpu.card import describe_card
from sabcore.benchmarks.gpu.parts import run_parts
from sabcore.benchmarks.limits import Limits
from sabcore.benchmarks.workload import lstm_config, sab_config

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_races_and_batches_run_and_are_drawn(monkeypatch, tmp_path, cupy):
    monkeypatch.setattr(timing, "SAB", {6: (), 9: ()})
    monkeypatch.setattr(timing, "SECONDS", 0.01)
    monkeypatch.setattr(timing, "B", 3)
    monkeypatch.setattr(timing, "BATCHES", (2, 4))
    monkeypatch.setattr(timing, "sab_config", lambda **fields: sab_config(**TINY, **fields))
    races = timing.run_races(cupy, "SAB", Limits(1e12, 1e12, 1e12), lambda text: None)
    assert [race["title"] for race in races] == ["SAB, T=6", "SAB, T=9", "SAB, k_att=10, T=9"]
    assert races[0]["entrants"]["sabcore-plain"]["median_s"] == pytest.approx(0.002 / 25)
    rows = {"LSTM, T=7": timing.batches(cupy, lstm_config(**TINY), 7)}
    assert [row["B"] for row in rows["LSTM, T=7"]] == [2, 4]
    parts = {"card": lambda: describe_card(cupy), "SAB": lambda: races, "batches": lambda: rows}
    outcomes = run_parts(parts, print, lambda outcomes: None)
    command.write(tmp_path, outcomes)
    assert (tmp_path / "fake-h200.png").read_bytes().startswith(b"\x89PNG")
    assert "### SAB, T=6, B=3" in (tmp_path / "fake-h200.md").read_text()
