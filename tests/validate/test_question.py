"""Questions and answers as files."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import FormatError
from sabcore.validate.cases import ask
from sabcore.validate.question import Answer, read_answer, read_question, write_answer, write_question

CONFIG = SABConfig.released(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=None)


@pytest.mark.parametrize("states", [False, True])
def test_a_question_is_read_as_it_was_written(tmp_path, states):
    question = ask(CONFIG, 1, 5, 2, states=states)
    write_question(tmp_path / "question", question)
    found = read_question(tmp_path / "question")
    assert found.config == CONFIG
    assert found.params.keys() == question.params.keys()
    assert all(np.array_equal(value, found.params[name]) for name, value in question.params.items())
    given = (question.x, question.dy, *question.states)
    assert all(map(np.array_equal, given, (found.x, found.dy, *found.states)))
    assert (found.h0 is None) == (not states)


def test_an_answer_is_read_as_it_was_written(tmp_path):
    tensors: dict[str, np.ndarray] = {"y": np.ones((2, 3, 4)), "grad.b": np.zeros(16, np.float32)}
    write_answer(tmp_path / "answer", tensors)
    found = read_answer(tmp_path / "answer")
    assert {name: (value.dtype, value.shape) for name, value in found.items()} == {
        name: (value.dtype, value.shape) for name, value in tensors.items()
    }


def test_an_empty_or_broken_answer_is_refused(tmp_path):
    write_answer(tmp_path / "empty", {})
    (tmp_path / "broken").write_bytes(b"not safetensors")
    with pytest.raises(FormatError, match="holds no tensor"):
        read_answer(tmp_path / "empty")
    with pytest.raises(FormatError):
        read_answer(tmp_path / "broken")


def test_what_was_noticed_leaves_the_tensors_out():
    assert Answer({"y": np.ones(3)}, printed=7, wrote=["x"]).noticed() == {
        "printed": 7,
        "wrote": ["x"],
        "reseeded": [],
        "seconds": 0.0,
    }
