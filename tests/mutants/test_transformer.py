"""Mistakes of the Transformer are rejected by their numbers: those of PyTorch's layers and its autograd."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from sabcore.compare.tensors import compare
from sabcore.reference.transformer import gradients
from sabcore.validate.mistakes.build import Copies
from sabcore.validate.mistakes.record import Change
from tests.mutants.transformer_catalogue import TRANSFORMER_MUTANTS
from tests.transformer.cases import CONFIG, inputs

pytest.importorskip("torch")
#: Two right programs agree to far better in this case.
ALLOWED = 1e-11
#: Reading steps at a time, of the seven in the case.
ROWS = 3


@cache
def want() -> dict[str, np.ndarray]:
    return gradients(CONFIG.to_dict(), *inputs())


def rejected(changes: Sequence[Change] = ()) -> list[str]:
    """The tensors that the Transformer with these changes computes otherwise."""
    copies = Copies(changes, {}, ("sabcore.transformer",))
    copies.load("sabcore.transformer.attention").ROWS = ROWS  # type: ignore[attr-defined]
    network = copies.load("sabcore.transformer.network")
    params, x, dy = inputs()
    y, tape = network.forward(CONFIG, params, x)
    grads = network.backward(CONFIG, params, tape, dy)
    got = {"y": y, **{f"grad.{name}": grad for name, grad in grads.items()}}
    return [report.name for report in compare(got, want(), ALLOWED) if not report.passed]


def test_the_transformer_itself_is_not_rejected():
    assert rejected() == []


@pytest.mark.parametrize("mutant", TRANSFORMER_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_killed_by_its_numbers(mutant, tally):
    kills = rejected([mutant.change])
    tally("Transformer mutants, by numbers", mutant.name, kills)
    assert kills


def test_names_and_changes_are_distinct():
    assert len({mutant.name for mutant in TRANSFORMER_MUTANTS}) == len(TRANSFORMER_MUTANTS) >= 40
    assert len({mutant.change for mutant in TRANSFORMER_MUTANTS}) == len(TRANSFORMER_MUTANTS)
