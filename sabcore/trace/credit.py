"""The backward pass of the plain engine over one sequence, with a label on every gradient.

The batch axis of the plain engine's steps holds K labels here: every label's gradient obeys the same linear equations,
with the values of the one sequence. What reaches a state is recorded by the edge on which it came:

    loss        from the output of the step itself
    recurrent   from the LSTM of the step after
    value       from a later read, through the summary: s = sum w m
    key         from a later read, through the slot's own score
    threshold   from a later read, through theta, where the slot is the one at the threshold's rank: its key again
    query       from the step's own read into its provisional state hhat, through all its scores
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sabcore.array.products import each_times, outer_sum
from sabcore.engine import plain
from sabcore.engine.truncation import make_truncation
from sabcore.errors import ConfigError, ShapeError
from sabcore.model.config import SABConfig
from sabcore.model.slots import slot_of
from sabcore.step.lstm import lstm_step_backward
from sabcore.step.readout import readout_backward
from sabcore.step.recall import Recall, gather
from sabcore.step.score import make_score
from sabcore.step.sparsify import Threshold, make_sparsifier
from sabcore.trace.labels import BySource, Labels

#: On what a gradient can reach a state; see the module's docstring.
EDGES = ("loss", "recurrent", "value", "key", "threshold", "query")
#: Those that go through a read, and can be left out.
READ_EDGES = ("value", "key", "threshold", "query")


class Reads(NamedTuple):
    """Every read with weight or gradient, n of them, in the order of the steps."""

    step: np.ndarray  # (n,) the step that reads
    written: np.ndarray  # (n,) the step that wrote the slot, 0 for the initial state
    weight: np.ndarray  # (n,) w
    value: np.ndarray  # (n,) norm of the gradient that goes back through the summary
    score: np.ndarray  # (n,) norm of the one that goes back through the slot's score, the threshold's share included


class _OfRead(NamedTuple):
    """What `Gradients` says of a step's read."""

    slots: np.ndarray
    dw: np.ndarray
    da: np.ndarray
    dq: np.ndarray


_NO_READ = _OfRead(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0))


class Gradients(NamedTuple):
    """One step's gradients, summed over levels and labels; those of its read are empty where it reads nothing."""

    dh: np.ndarray  # (H,)
    ds: np.ndarray  # (H,), zeros in a plain LSTM
    slots: np.ndarray  # (R,) the selected slots, from 0, best first
    dw: np.ndarray  # (R,)
    da: np.ndarray  # (R,)
    dq: np.ndarray  # (A,), or (1,) of a separable score
    dhhat: np.ndarray  # (H,)
    dc: np.ndarray  # (H,) of c_t, before what comes through hhat
    dz: np.ndarray  # (4H,)


@dataclass(frozen=True)
class Credit:
    """One sequence's gradient, taken apart.

    Attributes:
        labels: the names of the K labels.
        norms: by edge, (T+1,K): the norm of what reached h of step t (row t; row 0 is h0) on that edge with that label.
        share: by edge, (T+1,K): its part of dL/dh_t, by projection: over all edges but "query", whose gradient belongs
            to hhat_t, and all labels, a row sums to 1; rows of a zero gradient are zero.
        total: (T+1,K): the norm of dL/dh_t with that label.
        reads: every read and what went back through it.
        grads: the whole, summed over labels, by the names of `backward`: of every parameter, x (T,I), h0 and c0 (H,).
        steps: what each step's gradients were, summed over labels, by the names of the equations; see `Gradients`.
        y, tape: of the forward pass; y (T,O), the tape with a batch of one.
    """

    labels: tuple[str, ...]
    norms: dict[str, np.ndarray]
    share: dict[str, np.ndarray]
    total: np.ndarray
    reads: Reads
    grads: dict[str, np.ndarray]
    steps: list[Gradients]
    y: np.ndarray
    tape: plain.PlainTape


def credit(
    config: SABConfig,
    params: Mapping[str, np.ndarray],
    x: np.ndarray,
    dy: np.ndarray,
    *,
    h0: np.ndarray | None = None,
    c0: np.ndarray | None = None,
    labels: Labels | None = None,
    without: tuple[str, ...] = (),
) -> Credit:
    """Take the gradient of one sequence apart.

    Args:
        x, dy: (T,I), and (T,O), the gradient of the loss with respect to y.
        h0, c0: (H,); zeros if not given.
        labels: what gradients are sorted by; `BySource.spread(dy)` if not given.
        without: edges of `READ_EDGES` that let nothing through to a state; the score's own weights still learn.

    Raises:
        ShapeError, DTypeError, NonFiniteError: as `sabcore.forward`.
        ConfigError: an edge in `without` that is none.
    """
    if unknown := [edge for edge in without if edge not in READ_EDGES]:
        raise ConfigError(f"without holds {', '.join(unknown)}, but should hold some of {', '.join(READ_EDGES)}")
    if np.ndim(x) != 2 or np.shape(dy) != (len(x), config.output_size):
        raise ShapeError(
            f"x has shape {np.shape(x)} and dy {np.shape(dy)}, but should have (T, {config.input_size}) and "
            f"(T, {config.output_size}): one sequence"
        )
    labels = BySource.spread(dy) if labels is None else labels
    return _Trace(config, params, x, dy, h0, c0, labels, without).run()


class _Trace:
    """The state of the loop. Shapes: L gradient levels, K labels, N slots, R selected slots."""

    def __init__(
        self,
        config: SABConfig,
        params: Mapping[str, np.ndarray],
        x: np.ndarray,
        dy: np.ndarray,
        h0: np.ndarray | None,
        c0: np.ndarray | None,
        labels: Labels,
        without: tuple[str, ...],
    ) -> None:
        self.config, self.params, self.labels, self.without = config, params, labels, without
        start = [np.zeros((1, config.hidden_size), x.dtype) if a is None else np.asarray(a)[None] for a in (h0, c0)]
        self.y, self.tape = plain.forward(config, params, x[:, None], *start)
        self.dy, self.T, self.K, H = dy[:, None], len(x), len(labels.names), config.hidden_size
        self.norms = {edge: np.zeros((self.T + 1, self.K)) for edge in EDGES}
        self.share = {edge: np.zeros((self.T + 1, self.K)) for edge in EDGES}
        self.total = np.zeros((self.T + 1, self.K))
        self.reads: list[tuple[np.ndarray, ...]] = []
        self.steps: list[Gradients] = []
        if config.has_memory:
            self.score = make_score(config, params)
            N, unit = len(self.tape.keys), self.tape.keys.shape[2:]
            self.dM = np.zeros((N, self.K, H), x.dtype)
            self.dkeys = {edge: np.zeros((N, self.K, *unit), x.dtype) for edge in ("key", "threshold")}
            self.dq = np.zeros((self.T, 1, *unit), x.dtype)
            self.dweights = {name: np.zeros_like(weight) for name, weight in self.score._asdict().items()}

    def run(self) -> Credit:
        tape, params, T = self.tape, self.params, self.T
        dh_loss, ds_loss, grads = readout_backward(self.dy, tape.h, tape.s, params["V_h"], params.get("V_s"))
        truncation = make_truncation(self.config, T)
        dh, dc = (np.zeros((truncation.levels, self.K, self.config.hidden_size), tape.x.dtype) for _ in range(2))
        dz_all = np.zeros((T, 1, 4 * self.config.hidden_size), tape.x.dtype)
        for t in range(T, 0, -1):
            loss = np.zeros_like(dh[0])
            loss[self.labels.of_loss(t)] = dh_loss[t - 1, 0]
            slot = dict(self._of_slot(t))
            self._note(t, {"loss": loss, "recurrent": dh.sum(axis=0), **slot})
            dh[truncation.loss_level] += loss
            for part in slot.values():
                dh[truncation.slot_level] += part
            dhhat, ds, of_read = dh, np.zeros_like(dh), _NO_READ
            if self.config.has_memory:
                ds = dh.copy()
                ds[truncation.loss_level, self.labels.of_loss(t)] += ds_loss[t - 1, 0]
                through_query, of_read = self._read_backward(t, ds)
                dhhat = dh + through_query
            dz, dh_before, dc_before = lstm_step_backward(dhhat, dc, tape.steps[t - 1], params["W_hh"])
            sums = [d.sum(axis=(0, 1)) for d in (dh, ds, dhhat, dc, dz)]
            self.steps.append(Gradients(sums[0], sums[1], *of_read, sums[2], sums[3], sums[4]))
            dz_all[t - 1], dh, dc = sums[4], dh_before, dc_before
            if t > 1:
                dh, dc = truncation.carry(t, dh), truncation.carry(t, dc)
        slot = dict(self._of_slot(0))
        self._note(0, {"recurrent": dh.sum(axis=0), **slot})
        grads["h0"] = dh.sum(axis=(0, 1)) + sum(part.sum(axis=0) for part in slot.values())
        grads["c0"] = dc.sum(axis=(0, 1))
        grads |= {"W_ih": outer_sum(dz_all, tape.x), "W_hh": outer_sum(dz_all, tape.h_all[:-1])}
        grads |= {"b": dz_all.sum(axis=(0, 1)), "x": each_times(dz_all, params["W_ih"])[:, 0]}
        if self.config.has_memory:
            M = tape.h_all[self.config.first_slot :: self.config.k_att]
            dkeys = sum(d.sum(axis=1, keepdims=True) for d in self.dkeys.values())
            grads |= self.dweights | self.score.weights_backward(dkeys, M, self.dq, tape.hhat)
        return Credit(
            labels=self.labels.names,
            norms=self.norms,
            share=self.share,
            total=self.total,
            reads=self._all_reads(),
            grads=grads,
            steps=self.steps[::-1],
            y=self.y[:, 0],
            tape=tape,
        )

    def _of_slot(self, t: int) -> Iterator[tuple[str, np.ndarray]]:
        """By edge, (K,H): what later reads send to the slot that step t wrote, if it wrote one."""
        j = slot_of(t, self.config.first_slot, self.config.k_att)
        if not self.config.has_memory or j < 0:
            return
        yield "value", self.dM[j]
        if self.config.score_grad:
            for edge in (edge for edge in self.dkeys if edge not in self.without):
                yield edge, self.score.key_backward(self.dkeys[edge][j], self.tape.h_all[t])

    def _read_backward(self, t: int, ds: np.ndarray) -> tuple[np.ndarray, _OfRead]:
        """ds (L,K,H) of step t -> dhhat (L,K,H) through the query, and slots, dw, da, dq as in `Gradients`; what goes
        to slots and keys adds up inside."""
        recall, N = self.tape.recalls[t - 1], self.config.slots_before(t)
        if recall is None:
            return np.zeros_like(ds), _NO_READ
        read = _Read(self.config, self.tape, recall, t, N)
        a = read.a if read.a is not None else self.score.score(read.k, self.score.query(read.hhat))
        sparsifier, q = make_sparsifier(self.config, N), self.score.query(read.hhat)
        w = sparsifier.weights(a)
        dm = w[..., None] * ds.sum(axis=0)
        dw = np.einsum("lkh,rbh->lrk", ds, read.m)
        da = dict(zip(("key", "threshold"), _split(sparsifier, dw, a, w), strict=True))
        if "value" not in self.without:
            self.dM[read.slots] += self._through_memory(dm)
        dq = np.zeros((*ds.shape[:2], *q.shape[1:]), ds.dtype)
        dk_sum = np.zeros_like(read.k[:, 0])
        for edge, part in da.items():
            dk, dq_part, dweights = self.score.score_backward(part, read.k, q)
            self.dkeys[edge][read.slots] += self._through_memory(dk)
            dk_sum += dk.sum(axis=1)
            dq += dq_part
            for name, value in dweights.items():
                self.dweights[name] += value
        da_sum = (da["key"] + da["threshold"]).sum(axis=(0, 2))
        self._keep_reads(read, t, w, dm.sum(axis=1), dk_sum)
        self.dq[t - 1] = dq.sum(axis=(0, 1))
        of_read = _OfRead(read.slots, dw.sum(axis=(0, 2)), da_sum, np.atleast_1d(self.dq[t - 1, 0]))
        if not self.config.score_grad or "query" in self.without:
            return np.zeros_like(ds), of_read
        dhhat = self.score.query_backward(dq, read.hhat)
        self.norms["query"][t] = _norm(dhhat.sum(axis=0))
        return dhhat, of_read

    def _through_memory(self, d: np.ndarray) -> np.ndarray:
        """d (R,K,...) -> the same with the labels that it has in the slots."""
        return np.moveaxis(self.labels.through_memory(np.moveaxis(d, 1, 0)), 0, 1)

    def _note(self, t: int, parts: Mapping[str, np.ndarray]) -> None:
        """Record what reached h_t, parts (K,H) by edge."""
        whole = np.sum(list(parts.values()), axis=0)
        self.total[t] = _norm(whole)
        everything = whole.sum(axis=0)
        size = everything @ everything
        for edge, part in parts.items():
            self.norms[edge][t] = _norm(part)
            self.share[edge][t] = part @ everything / size if size > 0 else 0

    def _keep_reads(self, read: _Read, t: int, w: np.ndarray, dm: np.ndarray, dk: np.ndarray) -> None:
        """w (R,1), dm (R,H) and dk (R,*) of step t's read."""
        written = self.config.first_slot + read.slots * self.config.k_att
        value, score = _norm(dm), np.zeros(len(w))
        if self.config.score_grad:
            score = _norm(self.score.key_backward(dk, read.m[:, 0]))
        kept = (w[:, 0] != 0) | (score != 0)
        self.reads.append(tuple(a[kept] for a in (np.full(len(w), t), written, w[:, 0], value, score)))

    def _all_reads(self) -> Reads:
        columns = zip(*self.reads[::-1], strict=True) if self.reads else [[np.zeros(0)]] * 5
        return Reads(*(np.concatenate(list(column)) for column in columns))


class _Read:
    """One step's read: `slots` (R,), memories m (R,1,H), keys k (R,1,*), scores a (R,1) or None, hhat (1,H)."""

    def __init__(self, config: SABConfig, tape: plain.PlainTape, recall: Recall, t: int, N: int) -> None:
        M = tape.h_all[config.first_slot :: config.k_att][:N]
        self.slots = np.arange(N) if recall.slots is None else recall.slots[:, 0]
        self.m, self.k, self.a = gather(M, recall.slots), gather(tape.keys[:N], recall.slots), recall.a
        self.hhat = tape.hhat[t - 1]


def _split(sparsifier: object, dw: np.ndarray, a: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dw (L,R,K) -> da (L,R,K) through each slot's own score, and that through the threshold."""
    if not isinstance(sparsifier, Threshold):
        da = sparsifier.backward(dw, a, w)  # type: ignore[attr-defined]
        return da, np.zeros_like(da)
    direct = sparsifier.excess_backward(dw, a, w)
    through_theta = np.zeros_like(direct)
    through_theta[:, sparsifier.rank - 1] = -direct.sum(axis=1)
    return direct, through_theta


def _norm(d: np.ndarray) -> np.ndarray:
    return np.sqrt((d**2).sum(axis=-1))
