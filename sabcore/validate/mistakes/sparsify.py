"""Mistakes in the sparsifiers: which slots, which weights, and what the threshold and the sum send back."""

from __future__ import annotations

from functools import partial

from sabcore.validate.mistakes.record import line

_line = partial(line, file="step/sparsify.py")
_forward = partial(_line, kind="forward")
#: dw - sum dw w, written without the cancellation.
_CENTRED = "(above - (above * w).sum(axis=-2, keepdims=True) + best * (self.eps / S))"

SPARSIFY = [
    _line(
        "threshold not differentiated",
        "theta is a constant on the way back; the slot at its rank should get minus the"
        " sum of the active slots' gradients.",
        old="-= da.sum(axis=-2)",
        new="-= 0 * da.sum(axis=-2)",
    ),
    _line(
        "threshold's gradient to the best slot",
        "The gradient of theta goes to the best slot, not to the one at its rank.",
        old="da[..., self.rank - 1, :]",
        new="da[..., 0, :]",
    ),
    _line(
        "threshold's gradient one rank too high",
        "The gradient of theta goes to the slot before the one at its rank.",
        old="da[..., self.rank - 1,",
        new="da[..., self.rank - 2,",
    ),
    _forward(
        "k-th for (k+1)-th largest",
        "theta is the k_top-th largest score, also where (k_top+1)-th is asked for.",
        tag="S.1",
        old="config.k_top + 1 if config.threshold_rank",
        new="config.k_top if config.threshold_rank",
    ),
    _forward(
        "(k+1)-th for k-th largest",
        "theta is the (k_top+1)-th largest score, also where the k_top-th is asked for.",
        tag="S.1",
        old='== "k_top+1" else config.k_top\n',
        new='== "k_top+1" else config.k_top + 1\n',
    ),
    _line(
        "normaliser not differentiated",
        "The sum S of the weights is a constant on the way back.",
        old=f"{_CENTRED} / S",
        new="dw / S",
    ),
    _line(
        "normaliser differentiated twice",
        "The sum S of the weights counts twice on the way back.",
        old=f"{_CENTRED} / S",
        new="(dw - 2 * (dw * w).sum(axis=-2, keepdims=True)) / S",
    ),
    _line(
        "gradient into unread slots",
        "Of the slots up to the threshold's rank, those within the margin get a score gradient, as if max(0, .) were"
        " not there.",
        old="where(v.real > 0, dv, 0)",
        new="where(v.real > -1e9, dv, 0)",
    ),
    _line(
        "eps forgotten on the way back",
        "S is the sum without eps on the way back, and with it on the way there.",
        old=f"{_CENTRED} / S",
        new=f"{_CENTRED} / v.sum(axis=0)",
    ),
    _forward(
        "margin ignored",
        "v is a - theta, whatever the margin.",
        tag="S.2",
        old="excess = a - theta - self.margin",
        new="excess = a - theta - 0 * self.margin",
    ),
    _forward(
        "ties towards the newer slot",
        "Of equal scores, the newer slot is taken first; the order is older first.",
        tag="S.1",
        old='return array_module(a).argsort(-a.real, axis=0, kind="stable")',
        new='return len(a) - 1 - array_module(a).argsort(-a[::-1].real, axis=0, kind="stable")',
    ),
    _line(
        "temperature forgotten on the way back",
        "The scores' gradient is not divided by the temperature.",
        old="return dz / self.temperature",
        new="return dz",
    ),
    _line(
        "softmax differentiated as its diagonal",
        "Each weight is differentiated by its own score alone.",
        old="dz = w * (dw - (dw * w).sum(axis=-2, keepdims=True))",
        new="dz = w * (1 - w) * dw",
    ),
    _line(
        "raw weights' gradient lost",
        "While the memory is small and weights are raw scores, scores get no gradient.",
        old="return dw  # R.1*",
        new="return 0 * dw",
    ),
    _forward(
        "small memory read by the threshold",
        "Raw weights are asked for while the memory is small, and not used.",
        tag="R.1",
        old='config.small_memory == "raw"',
        new="False",
    ),
    _forward(
        "small memory one slot too large",
        "Raw weights are used for one more slot: N <= k_top + 1.",
        tag="R.1",
        old='if N <= config.k_top and config.small_memory == "raw"',
        new='if N <= config.k_top + 1 and config.small_memory == "raw"',
    ),
]
