"""Hypotheses in words, and as values for programs."""

from __future__ import annotations

import dataclasses

from sabcore import SABConfig
from sabcore.validate.describe import as_values, as_words, mistake_lines, mistake_values
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.ours import Hypothesis

PAPER = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=4)
MISTAKE = {mistake.name: mistake for mistake in MISTAKES}


def test_a_preset_what_differs_and_the_mistakes():
    hypothesis = Hypothesis(dataclasses.replace(PAPER, k_att=2, margin=0.5), (MISTAKE["memories detached"],))
    assert as_words(Hypothesis(PAPER), PAPER) == "paper"
    assert as_words(hypothesis, PAPER) == "paper with k_att = 2, margin = 0.5, but: memories detached"
    assert as_values(hypothesis, PAPER) == {
        "preset": "paper",
        "fields": {"k_att": 2, "margin": 0.5},
        "mistakes": ["memories detached"],
    }


def test_a_mistake_of_a_line_shows_both_sides():
    (line,) = mistake_values(MISTAKE["memories detached"])["lines"]
    assert line["file"] == "sabcore/engine/plain.py"
    assert line["equations"] == ["B.4*"]
    assert line["sabcore"] != line["yours"]
    shown = "\n".join(mistake_lines(MISTAKE["memories detached"]))
    assert "memories detached: What is stored is detached" in shown
    assert "sabcore  return self.dM[j] + self.score.key_backward" in shown
    assert "yours    return 0 * self.dM[j]" in shown


def test_a_line_that_is_left_out_is_said():
    shown = "\n".join(mistake_lines(MISTAKE["score_grad = false detaches nothing in the memory"]))
    assert "(without this line)" in shown


def test_a_wrong_map_has_no_lines():
    assert mistake_values(MISTAKE["W_hh transposed"])["lines"] == []
    assert list(mistake_lines(MISTAKE["W_hh transposed"])) == [
        "W_hh transposed: W_hh is (out, in), and is taken for (in, out)."
    ]
