"""Training on a card learns, and says when it does not."""

from pathlib import Path

import numpy as np
import pytest

from sabcore.benchmarks.gpu.parts import PartFailedError
from sabcore.benchmarks.gpu.training import train_copy

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_training_learns_and_says_when_it_does_not(monkeypatch):
    found = train_copy(np, T=1, steps=6)
    assert found["last_loss"] < found["first_loss"]
    monkeypatch.setattr("sabcore.benchmarks.gpu.training.train", lambda *arguments: _same_loss(arguments))
    with pytest.raises(PartFailedError, match="the loss was"):
        train_copy(np, T=1, steps=2)


def _same_loss(arguments):
    for _ in range(2):
        yield arguments[1], {"sab": {"loss": 1.0}}
