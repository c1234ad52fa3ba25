"""Reading the memory: the summary s of the selected past states, and its vector-Jacobian product."""

from __future__ import annotations

from typing import NamedTuple

from sabcore.array.library import Array, array_module
from sabcore.step.score import Score
from sabcore.step.sparsify import Sparsifier, ranking


class Recall(NamedTuple):
    """Which slots a step read: `slots` (R,B) ranked, with their scores `a` (R,B); both None where all were read.

    The scores of a selection are kept, because near a tie a recomputed one might round to the other side. Where all
    slots are read there is no such edge, and keeping N scores a step would cost O(T N) memory. `back` (k_back,B): which
    of the R rows send gradient, by rank; None if all do.
    """

    slots: Array | None
    a: Array | None
    back: Array | None = None


class RecallGradients(NamedTuple):
    """dm (R,B,H) and dk (R,B,*) of the `sent` slots, dq (L,B,*), and `dweights`: the score's own weights' share."""

    dm: Array
    dk: Array
    dq: Array
    dweights: dict[str, Array]


def gather(memory: Array, slots: Array | None) -> Array:
    """memory (N,B,...), slots (R,B) -> (R,B,...), each batch row's own slots; all of them if `slots` is None."""
    if slots is None:
        return memory
    return memory[slots, array_module(memory).arange(slots.shape[1])]


def scatter_add(memory: Array, slots: Array | None, values: Array) -> None:
    """Add values (R,B,...) to each batch row's own slots of memory (N,B,...). A row's slots are distinct."""
    if slots is None:
        memory += values
    else:
        memory[slots, array_module(memory).arange(slots.shape[1])] += values


def sent(cache: Recall) -> Array | None:
    """The slots (R,B) that send gradient back; None for all that are visible."""
    if cache.back is None or cache.slots is None:
        return cache.slots if cache.back is None else cache.back
    return array_module(cache.slots).take_along_axis(cache.slots, cache.back, axis=0)


def recall(
    hhat: Array, M: Array, K: Array, score: Score, sparsifier: Sparsifier, k_back: int | None = None
) -> tuple[Array, Recall]:
    """hhat (B,H), memories M (N,B,H), keys K (N,B,*) -> s (B,H), cache.

    a = score(k, q, weights)    (M.1)   by the equations A or P; q = query(hhat)
    w = sparsify(a)             (M.2)   by the equations S, F or R
    s = sum_j w_j m_j           (M.3)
    """
    k, q = K, score.query(hhat)
    a = score.score(k, q)  # M.1
    slots = sparsifier.select(a)
    a = gather(a, slots)
    w = sparsifier.weights(a)  # M.2
    m = gather(M, slots)
    s = array_module(M).einsum("rb,rbh->bh", w, m)  # M.3
    back = None if k_back is None or k_back >= len(a) else ranking(a)[:k_back].copy()
    return s, Recall(slots, None if slots is None else a, back)


def recall_backward(
    ds: Array, hhat: Array, M: Array, K: Array, cache: Recall, score: Score, sparsifier: Sparsifier
) -> RecallGradients:
    """ds (L,B,H), hhat (B,H), M (N,B,H), K (N,B,*), cache -> dm, dk, dq and the score's weights' gradients.

    Only the selected rows are touched: the cost is O(R (H + A)) a batch row, whatever N. Rows that send nothing back,
    see `Recall`, count in M.2* all the same.
    """
    xp = array_module(M)
    m, k, q = gather(M, cache.slots), gather(K, cache.slots), score.query(hhat)
    a = score.score(k, q) if cache.a is None else cache.a
    w = sparsifier.weights(a)
    dw, dm = xp.einsum("lbh,rbh->lrb", ds, m), w[..., None] * ds.sum(axis=0)  # M.3*
    da = sparsifier.backward(dw, a, w)  # M.2*
    if cache.back is not None:
        dm, k, da = gather(dm, cache.back), gather(k, cache.back), xp.take_along_axis(da, cache.back[None], axis=1)
    dk, dq, dweights = score.score_backward(da, k, q)  # M.1*
    return RecallGradients(dm, dk, dq, dweights)
