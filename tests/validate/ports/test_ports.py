"""What strangers' programs compute is found out: the verdict, the nearest configuration, and the mistake."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import pytest
import torch

from sabcore.validate.fields import nearest_preset
from sabcore.validate.program import FunctionProgram
from sabcore.validate.verdict import Verdict, validate


class Truth(NamedTuple):
    """A port, what it is claimed to be, and what it is: the fields that differ from the claim, and the mistakes."""

    port: str
    claim: str
    verdict: str
    fields: dict[str, Any] = {}  # noqa: RUF012
    mistakes: tuple[str, ...] = ()
    step: int | None = None
    note: str = ""

    def __str__(self) -> str:
        return self.port


_AFTERWARDS: dict[str, Any] = {"sparsifier": "softmax", "k_trunc": None}
QUICK = [
    Truth("cat_memory:port", "paper", "ties"),
    Truth("list_memory:right", "paper", "right"),
    Truth("list_memory:sees_its_own_step", "paper", "mistaken", {}, ("a slot is read in its own step",), 2),
    Truth("list_memory:asks_with_the_state_before", "paper", "mistaken", {}, ("query from the state before the step",)),
    Truth("masked_softmax:over_sqrt_h", "self_attention", "other", {"temperature": 2.0}, (), 3),
    Truth("released_style:mixed", "released", "dependent", {}, ("row-mixed thresholds",), 4),
    Truth("released_style:of_cells", "released", "mistaken", {}, ("cells remembered",), 2),
    Truth("by_hand:softmax_of_the_top", "paper", "other", {"sparsifier": "softmax"}, (), 2),
    Truth("dot_product:port", "self_attention", "mistaken", {}, ("scaled dot product for a score",), 3),
    Truth("wrong_axis:port", "self_attention", "dependent", {}, ("softmax over the batch",), 2),
    Truth("manual_backward:port", "paper", "mistaken", {}, ("normaliser not differentiated",)),
    Truth("bounded_memory:port", "paper", "mistaken", {}, ("memory of the last 10 slots",), 12),
    Truth("by_hand:other_gates", "paper", "mapping", {"sparsifier": "softmax"}, ("gates in the order i f o g",), 1),
]
SLOW = [
    Truth("cat_memory:memory_detached_between_segments", "paper", "mistaken", {}, ("memory detached at boundaries",)),
    Truth("list_memory:stores_provisional", "paper", "mistaken", {}, ("provisional states stored",), 4),
    Truth("list_memory:detaches_the_summary", "paper", "mistaken", {}, ("summary detached",)),
    Truth("list_memory:divides_by_k", "paper", "mistaken", {}, ("divided by k_top",), 3),
    Truth("list_memory:reads_when_it_writes", "paper", "mistaken", {}, ("read only by steps that write",), 5),
    Truth("list_memory:no_state_while_empty", "paper", "mistaken", {}, ("no state while the memory is empty",), 1),
    Truth("list_memory:cell_not_detached", "paper", "mistaken", {}, ("cell state not cut",)),
    Truth("list_memory:clips_scores", "paper", "unexplained", {}, (), 3),
    Truth("top_of_softmax:port", "paper", "mistaken", {}, ("softmax before the choice",), 2),
    Truth("kept_scores:port", "paper", "mistaken", {}, ("best scores as weights", "output from hhat"), 2),
    Truth("functional:port", "paper", "mistaken", {}, ("1 added to the forget gate", "appended before the read"), 2),
    Truth("attention_afterwards:port", "paper", "mistaken", _AFTERWARDS, ("attention after the recurrence",), 2),
    Truth("by_chunks:port", "paper", "mistaken", {}, ("memory detached at boundaries",)),
    Truth("clamped_gradients:port", "paper", "unexplained", note="they are those of paper"),
    Truth("tied:port", "paper", "mistaken", {}, ("W_m used for W_q as well", "output from h alone"), 3),
    Truth("masked_softmax:learned_temperature", "self_attention", "right"),
    Truth("released_style:port", "released", "right"),
]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def found(truth: Truth) -> Verdict:
    module, _, name = truth.port.partition(":")
    port = getattr(importlib.import_module(f"tests.validate.ports.{module}"), name)
    return validate(FunctionProgram(port), truth.port, truth.claim)


def check(truth: Truth) -> None:
    verdict = found(truth)
    judgement = verdict.judgement
    assert judgement is not None
    assert verdict.verdict == truth.verdict
    if truth.step is not None:
        assert judgement.departs is not None
        assert (judgement.departs.tensor, judgement.departs.step) == ("y", truth.step)
    assert any(truth.note in note for note in ["", *judgement.notes])
    if truth.verdict == "unexplained":
        return
    fit = judgement.fits[0]
    assert tuple(mistake.name for mistake in fit.mistakes) == truth.mistakes
    preset, fields = nearest_preset(fit.config, judgement.claim)
    assert (preset, fields) == (truth.claim, truth.fields)


@pytest.mark.parametrize("truth", QUICK, ids=str)
def test_a_port_is_found_out(truth):
    check(truth)


@pytest.mark.long
@pytest.mark.parametrize("truth", SLOW, ids=str)
def test_other_ports_are_found_out(truth):
    check(truth)
