"""Timing on a card: what is raced, and what is left out."""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sabcore.benchmarks.gpu import timing
from sabcore.benchmarks.gpu.parts import PartFailedError
from sabcore.benchmarks.limits import Limits
from sabcore.benchmarks.peers import engine as peers_engine
from sabcore.benchmarks.workload import lstm_config, make_workload, sab_config
from sabcore.errors import DeviceError

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_timed_runs_follow_each_other_for_a_while(cupy):
    """A pass of 2 ms, by the stand-in's events: 25 of them make a stretch."""
    ran = []
    assert timing.event_clock(cupy)(lambda: ran.append(1)) == pytest.approx(0.002 / 25)
    assert len(ran) == 1 + 25


def test_races_on_a_card_do_not_rest_and_long_ones_are_checked_on_two_rows():
    races = list(timing.races("SAB", "sabcore-cuda"))
    assert [(race.T, race.checked_rows) for race in races] == [(200, 16), (1000, 16), (5000, 2), (5000, 2)]
    assert [race.T for race in timing.races("SAB", "sabcore-cuda", quick=True)] == [200, 1000]


def test_an_engine_that_is_stood_in_for_is_not_timed(monkeypatch):
    monkeypatch.setattr(peers_engine, "forward", lambda *args, engine: (None, SimpleNamespace(engine="plain")))
    with pytest.raises(DeviceError, match="the plain engine stood in for the cuda engine"):
        peers_engine.one_pass(sab_config(**TINY), {}, None, None, "cuda")


def test_cudnn_is_on_where_it_is_raced(monkeypatch):
    torch = pytest.importorskip("torch")
    peer: Any = importlib.import_module(
        "sabcore.benchmarks.peers.torch_lstm"
    )  # the package has a function of that name
    used, differentiate = [], peer.differentiate

    def spy(*arguments):
        used.append((torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32))
        return differentiate(*arguments)

    monkeypatch.setattr(peer, "differentiate", spy)
    for tf32 in (False, True):
        peer.torch_lstm("cpu", tf32=tf32).prepare(make_workload(lstm_config(**TINY), 3, 2))()
    assert used == [(True, False), (True, True)]


def test_one_race_that_fails_does_not_hide_the_others(monkeypatch, cupy):
    def run_race(race, track, say):
        if race.T == 6:
            raise MemoryError("the card is full")
        return {"title": race.title, "agreements": []}

    monkeypatch.setattr(timing, "SAB", {6: (), 9: ()})
    monkeypatch.setattr(timing, "run_race", run_race)
    with pytest.raises(PartFailedError, match="SAB, T=6: MemoryError: the card is full") as caught:
        timing.run_races(cupy, "SAB", Limits(1.0, 1.0, 1.0), lambda text: None)
    assert [race["title"] for race in caught.value.found] == ["SAB, T=9", "SAB, k_att=10, T=9"]


def test_a_batch_that_does_not_fit_ends_the_series(monkeypatch, cupy):
    def interleave(runs, seconds, clock):
        if len(sizes) == 2:
            raise MemoryError
        sizes.append(runs)
        return SimpleNamespace(spread=lambda name: SimpleNamespace(median=1.0))

    sizes = []
    monkeypatch.setattr(timing, "interleave", interleave)
    monkeypatch.setattr(timing, "BATCHES", (1, 2, 3))
    assert [row["B"] for row in timing.batches(cupy, lstm_config(**TINY), 2)] == [1, 2]
    with pytest.raises(PartFailedError, match="not even a batch of 1 fits"):
        timing.batches(cupy, lstm_config(**TINY), 2)
