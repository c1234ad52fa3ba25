"""One step's read on the way back, its gradient split by the edge on which it leaves: the equations M, S and A or P.

Shapes: L gradient levels, K labels, R selected slots. The batch axis of the plain engine's steps holds the K labels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sabcore.engine.plain import PlainTape
from sabcore.model.config import SABConfig
from sabcore.step.recall import Recall, gather
from sabcore.step.score import Score
from sabcore.step.sparsify import Sparsifier, Threshold, make_sparsifier
from sabcore.trace.record import OfRead


class ReadParts(NamedTuple):
    """What a read sends back."""

    slots: np.ndarray  # (R,) from 0, best first
    m: np.ndarray  # (R,H) the memories
    w: np.ndarray  # (R,) weights
    dm: np.ndarray  # (R,K,H) through the summary
    dk: dict[str, np.ndarray]  # by edge, "key" or "threshold", (R,K,*) through a slot's own score, or through theta
    dq: np.ndarray  # (L,K,*)
    dweights: dict[str, np.ndarray]  # of the score's own weights
    told: OfRead


def read_backward(config: SABConfig, score: Score, tape: PlainTape, t: int, ds: np.ndarray) -> ReadParts | None:
    """ds (L,K,H) of step t -> what its read sends back; None where it read nothing."""
    recall, N = tape.recalls[t - 1], config.slots_before(t)
    if recall is None:
        return None
    M, q = tape.h_all[config.first_slot :: config.k_att][:N], score.query(tape.hhat[t - 1])
    m, k = gather(M, recall.slots), gather(tape.keys[:N], recall.slots)
    slots = np.arange(N) if recall.slots is None else recall.slots[:, 0]
    a = recall.a if recall.a is not None else score.score(k, q)
    sparsifier = make_sparsifier(config, N)
    w = sparsifier.weights(a)
    dm, dw = w[..., None] * ds.sum(axis=0), np.einsum("lkh,rbh->lrk", ds, m)
    da = dict(zip(("key", "threshold"), _split(sparsifier, dw, a, w), strict=True))
    _keep_sent(recall, dm, *da.values())
    dk: dict[str, np.ndarray] = {}
    dweights = {name: np.zeros_like(weight) for name, weight in score._asdict().items()}
    dq = np.zeros((*ds.shape[:2], *q.shape[1:]), ds.dtype)
    for edge, part in da.items():
        dk[edge], dq_part, some = score.score_backward(part, k, q)
        dq += dq_part
        dweights |= {name: dweights[name] + value for name, value in some.items()}
    da_sum = (da["key"] + da["threshold"]).sum(axis=(0, 2))
    told = OfRead(slots, dw.sum(axis=(0, 2)), da_sum, np.atleast_1d(dq.sum(axis=(0, 1))))
    return ReadParts(slots, m[:, 0], w[:, 0], dm, dk, dq, dweights, told)


def _keep_sent(recall: Recall, dm: np.ndarray, *of_scores: np.ndarray) -> None:
    """Clear, in dm (R,K,H) and in gradients of scores (L,R,K), what slots that send nothing back would get."""
    if recall.back is not None:
        silent = np.isin(np.arange(len(dm)), recall.back[:, 0], invert=True)
        dm[silent] = 0
        for part in of_scores:
            part[:, silent] = 0


def _split(sparsifier: Sparsifier, dw: np.ndarray, a: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dw (L,R,K) -> da (L,R,K) through each slot's own score, and that through the threshold."""
    if not isinstance(sparsifier, Threshold):
        da = sparsifier.backward(dw, a, w)
        return da, np.zeros_like(da)
    direct = sparsifier.excess_backward(dw, a, w)
    through_theta = np.zeros_like(direct)
    through_theta[:, sparsifier.rank - 1] = -direct.sum(axis=1)
    return direct, through_theta
