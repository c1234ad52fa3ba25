"""Mistakes in reading the memory and in the output layer."""

from __future__ import annotations

from functools import partial

from sabcore.validate.mistakes.record import line

_recall = partial(line, file="step/recall.py")
_readout = partial(line, file="step/readout.py")

READ = [
    _recall(
        "memory gets no gradient from what was read",
        "s = sum w m sends no gradient into m: only the score does.",
        old="w[..., None] * ds.sum(axis=0)",
        new="0 * w[..., None] * ds.sum(axis=0)",
    ),
    _recall(
        "weights treated as constants",
        "s = sum w m sends no gradient into w: the score learns nothing.",
        old='dw, dm = xp.einsum("lbh,rbh->lrb", ds, m)',
        new='dw, dm = 0 * xp.einsum("lbh,rbh->lrb", ds, m)',
    ),
    _recall(
        "a later read overwrites an earlier one",
        "Of a slot's reads, only one sends it a gradient; they should add up.",
        tag="M.3*",
        old="slots.shape[1])] += values",
        new="slots.shape[1])] = values",
    ),
    _recall(
        "reads by one level of gradient only",
        "Under a sliding window, reads send back what has one budget alone.",
        old="w[..., None] * ds.sum(axis=0)",
        new="w[..., None] * ds[0]",
    ),
    _readout(
        "output layer's direct path to the memory dropped",
        "V_s s sends no gradient into s.",
        old="each_times(dy, V_s), grads",
        new="0 * each_times(dy, V_s), grads",
    ),
    _readout(
        "V_s learns from the state",
        "The gradient of V_s takes h for s.",
        old="outer_sum(dy, s)",
        new="outer_sum(dy, h)",
    ),
    _readout(
        "d averaged over the batch",
        "The gradient of d is a mean over the batch, and should be a sum.",
        old="dy.sum(axis=(0, 1))}",
        new="dy.mean(axis=1).sum(axis=0)}",
    ),
]
