"""What is inside a step, watched launch by launch."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from sabcore.benchmarks.gpu import inside, report
from sabcore.benchmarks.gpu.parts import Outcome
from sabcore.engine.cuda import launch

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_launches_are_watched_and_left_as_they_were(monkeypatch, cupy):
    launched: list[tuple[object, ...]] = []
    monkeypatch.setattr(launch, "launch", lambda *args: launched.append(args))
    before = launch.launch
    with inside.watched_launches(cupy) as spans:
        launch.launch("forward", "a build", 1, 2, 3)  # type: ignore[arg-type]
    assert launch.launch is before
    assert launched == [("forward", "a build", 1, 2, 3)]
    assert [(name, args) for name, *_, args in spans] == [("forward", ("a build", 1, 2, 3))]


def test_what_is_inside_a_step_adds_up_and_is_reported(monkeypatch, cupy):
    """Events of the stand-in are 2 ms apart, over ten passes and around each kernel."""
    monkeypatch.setattr(launch, "launch", lambda *args: None)
    monkeypatch.setattr(
        launch, "kernel", lambda *args: SimpleNamespace(attributes={"num_regs": 255, "local_size_bytes": 0})
    )
    monkeypatch.setattr(inside, "LENGTHS", (6,))

    def run():
        launch.launch("forward", "a build", 1, 256, 1000)  # type: ignore[arg-type]
        launch.launch("backward", "a build", 1, 256, 2000)  # type: ignore[arg-type]

    entrant = SimpleNamespace(name="sabcore-cuda", prepare=lambda workload: run)
    monkeypatch.setattr(inside, "engines", lambda device: [entrant])
    (row,) = inside.insides(cupy)
    assert row["products"] == pytest.approx(row["step"] - row["forward"] - row["backward"])
    assert (row["forward"], row["kernels"]["backward"]) == (
        0.002,
        {"registers": 255, "spilled_bytes": 0, "shared_bytes": 2000},
    )
    text = report.markdown({"inside": Outcome([row], None, 1.0)})
    assert "backward, T=6: 255 registers, 0 bytes spilled, 2,000 bytes of shared memory." in text
    assert "cuDNN LSTM 1.96 / 5.07" in text
