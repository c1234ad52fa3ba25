"""From scores to weights: which memories are read, and how much of each.

A sparsifier first selects the slots that can have weight or gradient, ranked by score, ties towards the older slot;
then everything happens on those R rows alone. Selecting None means all slots, in the order in which they were written.
Scores may be complex: order and activity go by the real part, so that a complex step differentiates the order chosen.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sabcore.array.library import Array, array_module
from sabcore.model.config import SABConfig


class Sparsifier(Protocol):
    """What the engine asks of a sparsifier. Shapes: a w (R,B), dw da (L,R,B)."""

    def select(self, a: Array) -> Array | None:
        """a (N,B) -> the slots (R,B) with weight or gradient, best first, no view that keeps N alive; None for all."""
        ...

    def weights(self, a: Array) -> Array:
        """a (R,B) -> w (R,B)."""
        ...

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        """dw (L,R,B), a w (R,B) -> da (L,R,B)."""
        ...


def ranking(a: Array) -> Array:
    """a (N,B) -> slots (N,B), the largest score first; of equal scores, the older slot first."""
    return array_module(a).argsort(-a.real, axis=0, kind="stable")


class Threshold(NamedTuple):
    """Subtract the r-th largest score and normalise what remains: Ke et al. (2018), section 3.1.

    theta = the r-th largest a_j                (S.1)
    v_j   = max(0, a_j - theta - margin)        (S.2)
    S     = sum_j v_j + eps                     (S.3)
    w_j   = v_j / S                             (S.4)

    `rank` is r, counted from 1. With margin >= 0 no slot below rank r has weight. With margin < 0 slot r itself has
    some, and so has every slot that comes within -margin of it, so that more than r rows may be selected.
    """

    rank: int
    margin: float
    eps: float

    def select(self, a: Array) -> Array:
        order = ranking(a)
        if self.margin >= 0:
            return order[: self.rank].copy()
        xp = array_module(a)
        theta = xp.take_along_axis(a, order[self.rank - 1 : self.rank], axis=0)
        active = (a - theta - self.margin).real > 0
        return order[: max(self.rank, active.sum(axis=0).max().item())].copy()

    def weights(self, a: Array) -> Array:
        v = self.excess(a)
        S = v.sum(axis=0) + self.eps  # S.3
        return v / S  # S.4

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        da = self.excess_backward(dw, a, w)
        da[..., self.rank - 1, :] -= da.sum(axis=-2)  # S.1*
        return da

    def excess_backward(self, dw: Array, a: Array, w: Array) -> Array:
        """dw (L,R,B), a w (R,B) -> da (L,R,B), what goes through each slot's own score and not through theta."""
        v = self.excess(a)
        S = v.sum(axis=0) + self.eps
        best = dw[..., :1, :]
        above = dw - best  # S.4*; sum w = 1 - eps / S: measured from the best slot's dw, nothing cancels there
        dv = (above - (above * w).sum(axis=-2, keepdims=True) + best * (self.eps / S)) / S  # S.3*, S.4*
        return array_module(a).where(v.real > 0, dv, 0)  # S.2*

    def excess(self, a: Array) -> Array:
        """a (R,B) -> v (R,B), by how much each score exceeds theta and the margin."""
        theta = a[self.rank - 1]  # S.1
        excess = a - theta - self.margin
        return array_module(a).where(excess.real > 0, excess, 0)  # S.2


class Softmax(NamedTuple):
    """w = softmax(a / temperature) over the k_top largest scores, or over all of them (k_top None).

    z_j = a_j / temperature                (F.1)
    w_j = exp(z_j) / sum_i exp(z_i)        (F.2)
    """

    temperature: float
    k_top: int | None

    def select(self, a: Array) -> Array | None:
        if self.k_top is None or self.k_top >= len(a):
            return None
        return ranking(a)[: self.k_top].copy()

    def weights(self, a: Array) -> Array:
        z = a / self.temperature  # F.1
        e = array_module(a).exp(z - z.real.max(axis=0))  # F.2; the shift cancels and keeps exp from overflowing
        return e / e.sum(axis=0)  # F.2

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        dz = w * (dw - (dw * w).sum(axis=-2, keepdims=True))  # F.2*
        return dz / self.temperature  # F.1*


class Raw(NamedTuple):
    """The scores themselves, signs kept, not normalised: the released code while its memory is small.

    w_j = a_j        (R.1)
    """

    def select(self, a: Array) -> None:
        return None

    def weights(self, a: Array) -> Array:
        return a  # R.1

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        return dw  # R.1*


def make_sparsifier(config: SABConfig, N: int) -> Sparsifier:
    """The rule that `config` applies to a memory of N >= 1 slots."""
    if config.sparsifier == "softmax" or config.k_top is None:
        return Softmax(config.temperature, config.k_top)
    if N <= config.k_top and config.small_memory == "raw":
        return Raw()
    if N <= config.k_top and config.small_memory == "softmax":
        return Softmax(temperature=1.0, k_top=None)
    wanted = config.k_top + 1 if config.threshold_rank == "k_top+1" else config.k_top
    return Threshold(min(wanted, N), config.margin, config.eps)
