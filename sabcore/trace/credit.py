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
from typing import Any

import numpy as np

from sabcore.array.checks import check_array
from sabcore.array.products import each_times, outer_sum
from sabcore.engine import forward
from sabcore.engine.truncation import make_truncation
from sabcore.errors import ConfigError, ShapeError
from sabcore.model.config import SABConfig
from sabcore.model.slots import slot_of, step_of
from sabcore.step.lstm import lstm_step_backward
from sabcore.step.readout import readout_backward
from sabcore.step.score import make_score
from sabcore.trace.labels import BySource, Labels
from sabcore.trace.read import ReadParts, read_backward
from sabcore.trace.record import EDGES, NO_READ, READ_EDGES, Credit, Gradients, OfRead, Reads


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
    if np.ndim(x) != 2:
        raise ShapeError(f"x has shape {np.shape(x)}, but should have (T, {config.input_size}): one sequence")
    h0, c0 = (state if state is None else np.asarray(state)[None] for state in (h0, c0))
    y, tape = forward(config, params, np.asarray(x)[:, None], h0=h0, c0=c0, engine="plain")
    check_array("dy", dy, (len(x), config.output_size), like=x)
    labels = BySource.spread(dy) if labels is None else labels
    return _Trace(config, params, y, tape.record, dy, labels, without).run()


class _Trace:
    """The backward time loop. Shapes: L gradient levels, K labels, N slots."""

    def __init__(
        self,
        config: SABConfig,
        params: Mapping[str, np.ndarray],
        y: np.ndarray,
        tape: Any,
        dy: np.ndarray,
        labels: Labels,
        without: tuple[str, ...],
    ) -> None:
        self.config, self.params, self.labels, self.without = config, params, labels, without
        self.y, self.tape = y, tape
        self.T, self.K, self.H, dtype = len(dy), len(labels.names), config.hidden_size, dy.dtype
        self.truncation = make_truncation(config, self.T)
        self.dh_loss, self.ds_loss, self.grads = readout_backward(
            dy[:, None], tape.h, tape.s, params["V_h"], params.get("V_s")
        )
        self.norms = {edge: np.zeros((self.T + 1, self.K)) for edge in EDGES}
        self.share = {edge: np.zeros((self.T + 1, self.K)) for edge in EDGES}
        self.total = np.zeros((self.T + 1, self.K))
        self.reads: list[tuple[np.ndarray, ...]] = []
        self.steps: list[Gradients] = []
        self.dz = np.zeros((self.T, 1, 4 * self.H), dtype)
        if config.has_memory:
            self.score = make_score(config, params)
            N, unit = len(tape.keys), tape.keys.shape[2:]
            self.dM = np.zeros((N, self.K, self.H), dtype)
            self.dkeys = {edge: np.zeros((N, self.K, *unit), dtype) for edge in ("key", "threshold")}
            self.dq = np.zeros((self.T, 1, *unit), dtype)
            self.dweights = {name: np.zeros_like(weight) for name, weight in self.score._asdict().items()}

    def run(self) -> Credit:
        dh, dc = (np.zeros((self.truncation.levels, self.K, self.H), self.dz.dtype) for _ in range(2))
        for t in range(self.T, 0, -1):
            dh, dc = self._step(t, dh, dc)
        initial = {"recurrent": dh.sum(axis=0), **dict(self._of_slot(0))}
        self._note(0, initial)
        self.grads |= {"h0": sum(part.sum(axis=0) for part in initial.values()), "c0": dc.sum(axis=(0, 1))}
        return Credit(
            labels=self.labels.names,
            norms=self.norms,
            share=self.share,
            total=self.total,
            reads=self._all_reads(),
            grads=self.grads | self._of_weights(),
            steps=self.steps[::-1],
            y=self.y[:, 0],
            tape=self.tape,
        )

    def _step(self, t: int, dh: np.ndarray, dc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """dh dc (L,K,H), what the LSTM of step t + 1 sends to (h, c)_t -> what that of step t sends to (h, c)_{t-1}."""
        truncation, label = self.truncation, self.labels.of_loss(t)
        loss = np.zeros_like(dh[0])
        loss[label] = self.dh_loss[t - 1, 0]
        slot = dict(self._of_slot(t))
        self._note(t, {"loss": loss, "recurrent": dh.sum(axis=0), **slot})
        dh[truncation.loss_level] += loss
        for part in slot.values():
            dh[truncation.slot_level] += part
        dhhat, ds, told = dh, np.zeros_like(dh), NO_READ
        if self.config.has_memory:
            ds = dh.copy()
            ds[truncation.loss_level, label] += self.ds_loss[t - 1, 0]
            through_query, told = self._read(t, ds)
            dhhat = dh + through_query
        dz, dh_before, dc_before = lstm_step_backward(dhhat, dc, self.tape.steps[t - 1], self.params["W_hh"])
        self._keep_step(t, (dh, ds, dhhat, dc, dz), told)
        if t == 1:
            return dh_before, dc_before
        return truncation.carry(t, dh_before), truncation.carry(t, dc_before)

    def _read(self, t: int, ds: np.ndarray) -> tuple[np.ndarray, OfRead]:
        """ds (L,K,H) of step t -> dhhat (L,K,H) through the query; what goes to slots and weights adds up."""
        read = read_backward(self.config, self.score, self.tape, t, ds)
        if read is None:
            return np.zeros_like(ds), NO_READ
        if "value" not in self.without:
            self.dM[read.slots] += self._through_memory(read.dm)
        for edge, dk in read.dk.items():
            self.dkeys[edge][read.slots] += self._through_memory(dk)
        for name, value in read.dweights.items():
            self.dweights[name] += value
        self._keep_reads(t, read)
        self.dq[t - 1] = read.dq.sum(axis=(0, 1))
        if not self.config.score_grad or "query" in self.without:
            return np.zeros_like(ds), read.told
        dhhat = self.score.query_backward(read.dq, self.tape.hhat[t - 1])
        self.norms["query"][t] = _norm(dhhat.sum(axis=0))
        return dhhat, read.told

    def _of_slot(self, t: int) -> Iterator[tuple[str, np.ndarray]]:
        """By edge, (K,H): what later reads send to the slot that step t wrote, if it wrote one."""
        j = slot_of(t, self.config.first_slot, self.config.k_att)
        if not self.config.has_memory or j < 0:
            return
        yield "value", self.dM[j]
        if self.config.score_grad:
            for edge in (edge for edge in self.dkeys if edge not in self.without):
                yield edge, self.score.key_backward(self.dkeys[edge][j], self.tape.h_all[t])

    def _of_weights(self) -> dict[str, np.ndarray]:
        """The gradients of all that has no time: parameters; and of x."""
        dz, tape = self.dz, self.tape
        grads = {"W_ih": outer_sum(dz, tape.x), "W_hh": outer_sum(dz, tape.h_all[:-1]), "b": dz.sum(axis=(0, 1))}
        grads["x"] = each_times(dz, self.params["W_ih"])[:, 0]
        if not self.config.has_memory:
            return grads
        M = tape.h_all[self.config.first_slot :: self.config.k_att]
        dkeys = sum(d.sum(axis=1, keepdims=True) for d in self.dkeys.values())
        return grads | self.dweights | self.score.weights_backward(dkeys, M, self.dq, tape.hhat)

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

    def _keep_step(self, t: int, gradients: tuple[np.ndarray, ...], told: OfRead) -> None:
        dh, ds, dhhat, dc, dz = (d.sum(axis=(0, 1)) for d in gradients)
        self.steps.append(Gradients(dh, ds, *told, dhhat, dc, dz))
        self.dz[t - 1] = dz

    def _keep_reads(self, t: int, read: ReadParts) -> None:
        written = np.array([step_of(j, self.config.first_slot, self.config.k_att) for j in read.slots.tolist()])
        value, score = _norm(read.dm.sum(axis=1)), np.zeros(len(read.w))
        if self.config.score_grad:
            dk = (read.dk["key"] + read.dk["threshold"]).sum(axis=1)
            score = _norm(self.score.key_backward(dk, read.m))
        kept = (read.w != 0) | (score != 0)
        self.reads.append(tuple(a[kept] for a in (np.full(len(read.w), t), written, read.w, value, score)))

    def _all_reads(self) -> Reads:
        columns = zip(*self.reads[::-1], strict=True) if self.reads else [[np.zeros(0)]] * 5
        return Reads(*(np.concatenate(list(column)) for column in columns))


def _norm(d: np.ndarray) -> np.ndarray:
    return np.sqrt((d**2).sum(axis=-1))
