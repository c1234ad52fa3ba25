"""The exercises, in the order in which to do them."""

from __future__ import annotations

from typing import NamedTuple


class Exercise(NamedTuple):
    """One blank line.

    Attributes:
        title, question: what is asked.
        file: of the package, and `names`, the functions and classes of it that the reader gets.
        line: how the line to be blanked ends: its equation number, or another remark that stands there once.
        answer: what is told once it is right.
    """

    title: str
    question: str
    file: str
    names: tuple[str, ...]
    line: str
    answer: str


def _lstm(title: str, question: str, line: str, answer: str) -> Exercise:
    names = ("LSTMCache", "sigmoid", "lstm_step", "lstm_step_backward")
    return Exercise(title, question, "step/lstm.py", names, line, answer)


EXERCISES = (
    _lstm(
        "Differentiate one gate",
        "g = tanh(z_g). Given dg, what is dz_g?",
        "# L.3*",
        "tanh' = 1 - tanh^2, and tanh(z_g) is g itself: nothing has to be recomputed.",
    ),
    _lstm(
        "Differentiate three gates at once",
        "i, f and o are sigmoids. Given di, df and do, what are dz_i, dz_f and dz_o?",
        "# L.2*",
        "sigma' = sigma (1 - sigma). All three are zero where a gate is saturated: that is one way to vanish.",
    ),
    _lstm(
        "The cell",
        "c_new = f c + i g. Given dc_new, what are df, dc, di and dg?",
        "# L.4*",
        "dc = f dc_new is the line that lets an LSTM remember: no matrix, only the forget gate.",
    ),
    _lstm(
        "Two ways into the cell",
        "hhat = o tanh(c_new). The cell's gradient comes from hhat and from the next step. What are do and dc_new?",
        "# L.5*",
        "What is used twice gets the sum of both gradients. Forgetting the second is the commonest LSTM mistake.",
    ),
    Exercise(
        "The output layer",
        "y = V_h h + V_s s + d. Given dy over all steps, what is the gradient of V_h, and of d?",
        "step/readout.py",
        ("readout", "readout_backward"),
        'grads = {"V_h": outer_sum(dy, h), "d": dy.sum(axis=(0, 1))}  # Y.1*',
        "A weight's gradient is the outer product of what came back with what went in, summed over steps and batch.",
    ),
    Exercise(
        "The score's own weights",
        "a_j = w_a . tanh(k_j + q). Given da, what is the gradient of w_a?",
        "step/score.py",
        ("AdditiveScore",),
        "e)  # A.4*",
        "The score's weights learn even where score_grad is false: only memories and queries are detached then.",
    ),
    Exercise(
        "Through the tanh of the score",
        "What does a change of k_j, or of q, do to a_j? One factor serves both: the slope.",
        "step/score.py",
        ("AdditiveScore",),
        "# A.3*, A.4*",
        "k_j and q enter as a sum, so both have the same slope; dq then sums over the slots, dk_j does not.",
    ),
    Exercise(
        "Reading",
        "s = sum_j w_j m_j. Given ds, what are dw and dm?",
        "step/recall.py",
        ("recall_backward",),
        "# M.3*",
        "dm_j = w_j ds is the path that SAB is about: straight into a state far back, whatever lies between.",
    ),
    Exercise(
        "Softmax",
        "w = softmax(z). Given dw, what is dz?",
        "step/sparsify.py",
        ("Softmax",),
        "# F.2*",
        "Every slot gets a gradient, and they sum to zero: moving all scores together changes nothing.",
    ),
    Exercise(
        "Who pays for the threshold?",
        "theta is the score at rank r, and every active v_j falls when it rises. What does da of that slot lose?",
        "step/sparsify.py",
        ("Threshold",),
        "# S.1*",
        "So k_top + 1 slots receive a gradient through the score, and their gradients sum to zero.",
    ),
    Exercise(
        "A segment ends",
        "The edge from step t back to t - 1 may be cut. What becomes of d on its way?",
        "engine/truncation.py",
        ("Segment",),
        "# T.1*",
        "Cut means zero. Slots are never cut here: that is why a read can cross any number of segments.",
    ),
    Exercise(
        "When is it cut?",
        "Write the condition of (T.1) for step t, without an edge into the initial state ever being cut.",
        "engine/truncation.py",
        ("cuts",),
        "# T.1",
        "The released code has segment_offset 1: its boundaries lie one step earlier.",
    ),
    Exercise(
        "Why does the released code read k_top - 1 slots?",
        "theta is the score at some rank, and only what exceeds it is read. Which rank does each rule take?",
        "step/sparsify.py",
        ("make_sparsifier",),
        'wanted = config.k_top + 1 if config.threshold_rank == "k_top+1" else config.k_top',
        "The k_top-th score minus itself is zero: the slot at the threshold is not read. The paper takes the next.",
    ),
    Exercise(
        "Of what function is this the gradient?",
        "A truncated gradient is the exact gradient of another function. What does step t read there across a cut "
        "edge, the state or its recorded constant? Fill in what crosses a segment's boundary.",
        "reference/edges.py",
        ("Edges",),
        "return constant[None, None]",
        "Of the function in which a state behind a cut is a constant: its differences agree, the loss's do not.",
    ),
)
