"""What the time loop's page calls by name, each by its own page: additive score, threshold, one batch row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sabcore.model.config import SABConfig
from sabcore.proofs.evaluate import Numbers, Run
from sabcore.proofs.half import Case, page_lines
from sabcore.proofs.page import Line
from sabcore.proofs.stage import begin
from sabcore.proofs.step import lstm, recall
from sabcore.proofs.step.readout import HALF as READOUT
from sabcore.proofs.step.score import ADDITIVE


class ByPage:
    """The functions, holding a model's parameters by name. `run` is the loop's, at the step that calls."""

    def __init__(self, numbers: Numbers, config: SABConfig, params: Mapping[str, Any], slots: int) -> None:
        self.numbers, self.config, self.params, self.slots = numbers, config, params, slots

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "lstm_step": self.lstm_step, "lstm_step*": self.lstm_step_backward,
            "recall": self.recall, "recall*": self.recall_backward,
            "readout": self.readout, "readout*": self.readout_backward,
            "key": self.key, "key*": self.key_backward,
            "query*": self.query_backward,
        }  # fmt: skip

    def _run(self, half: Any, values: Mapping[str, Any], **sizes: int) -> Run:
        return begin(half, Case("", sizes=sizes), self.numbers, {**self.params, **values})

    def lstm_step(self, run: Run, x: Any, h: Any, c: Any) -> tuple[Any, Any]:
        values = self._run(lstm.HALF, {"x": x, "h": h, "c": c}).lines(lstm.HALF.lines.definitions).values
        return values["hhat"], values["c_new"]

    def lstm_step_backward(self, run: Run, dhhat: Any, dc: Any) -> tuple[Any, Any, Any]:
        """Level by level; without the weights' gradients, which the loop takes over all steps."""
        t = run.bound["t"]
        state = {"x": run.values["x"][t], "h": run.values["h"][t - 1], "c": run.values["c"][t - 1]}
        before = self._run(lstm.HALF, state).lines(lstm.HALF.lines.definitions).values
        found = []
        for level in range(len(dhhat)):
            after = self._run(lstm.HALF, {**before, "dhhat": dhhat[level], "dc_new": dc[level]})
            values = after.lines(lstm.HALF.lines.starred[:-1]).values
            found.append((values["dz"], values["dh"], values["dc"]))
        dz, dh, dc = (np.array(each, dtype=object) for each in zip(*found, strict=True))
        return dz, dh, dc

    def key(self, run: Run, h: Any) -> Any:
        return self._run(ADDITIVE, {"m": h[None]}, j=1).lines(_lines("A.1", False)).values["k"][0]

    def key_backward(self, run: Run, dk: Any) -> Any:
        values = {"dk": dk[None], "m": np.zeros_like(self.params["W_m"][:1])}
        return self._run(ADDITIVE, values, j=1).lines(_lines("A.1", True)).values["dm"][0]

    def query(self, hhat: Any) -> Any:
        return self._run(ADDITIVE, {"hhat": hhat}).lines(_lines("A.2", False)).values["q"]

    def query_backward(self, run: Run, dq: Any) -> Any:
        values = {"dq": dq[None], "hhat": np.zeros_like(self.params["W_q"][0])}
        return self._run(ADDITIVE, values, l=1).lines(_lines("A.2", True)).values["dhhat"][0]

    def readout(self, run: Run, h: Any, s: Any) -> Any:
        return self._run(READOUT, {"h": h[None], "s": s[None]}, t=1).lines(READOUT.lines.definitions).values["y"][0]

    def readout_backward(self, run: Run, dy: Any) -> tuple[Any, Any]:
        zero = np.zeros_like(self.params["V_h"][:1])
        values = self._run(READOUT, {"dy": dy[None], "h": zero, "s": zero}, t=1).lines(READOUT.lines.starred).values
        return values["dh"][0], values["ds"][0]

    def recall(self, run: Run, hhat: Any, M: Any, K: Any) -> Any:
        if len(M) == 0:
            return np.full_like(hhat, self.numbers.number("0"))
        return self._read(run, hhat, M, K).values["s"]

    def _read(self, run: Run, hhat: Any, M: Any, K: Any) -> Run:
        N, number = len(M), self.numbers.number
        values = {"m": np.array(M, dtype=object), "k": K[:N], "q": self.query(hhat), "weights": self.params["w_a"]}
        values |= {
            "r": min((self.config.k_top or 0) + 1, N),
            "margin": number("0"),
            "eps": number(str(self.config.eps)),
        }
        sizes = {"j": N, "i": N, "l": run.sizes["l"]}
        half = recall.HALF
        read = Run(self.numbers, values, half.axes, sizes, functions=recall.functions(self.numbers))
        return read.lines(half.lines.definitions)

    def recall_backward(self, run: Run, ds: Any) -> tuple[Any, Any, Any, Any]:
        """A row of dm and dk for each slot that there ever is; dq by level."""
        t, M, zero = run.bound["t"], run.values["M"], self.numbers.number("0")
        units = len(self.params["w_a"])
        dm, dk = (np.full((self.slots, size), zero, dtype=object) for size in (ds.shape[1], units))
        if not M:
            return dm, dk, np.full((len(ds), units), zero, dtype=object), np.full(units, zero, dtype=object)
        read = self._read(run, run.values["hhat"][t], M, run.values["K"])
        read.values["ds"] = ds
        values = read.lines(recall.HALF.lines.starred).values
        dm[: len(M)], dk[: len(M)] = values["dm"], values["dk"]
        return dm, dk, values["dq"], values["dweights"]


def _lines(tag: str, starred: bool) -> tuple[Line, ...]:
    return page_lines("step/score", tag, starred)
