"""Runs `lstm.md`: one step of one row, with every weight's gradient."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.half import Case, Half
from sabcore.step.lstm import lstm_step, lstm_step_backward


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    rows = {name: v[name][None] for name in ("x", "h", "c", "dhhat", "dc_new")}
    _, _, cache = lstm_step(rows["x"], rows["h"], rows["c"], v["W_ih"], v["W_hh"], v["b"])
    dz, dh, dc = (each[0] for each in lstm_step_backward(rows["dhhat"], rows["dc_new"], cache, v["W_hh"]))
    return {"dz": dz, "dh": dh, "dc": dc}


HALF = Half(
    page="step/lstm",
    letter="L",
    shapes={
        "x": "I", "h": "H", "c": "H", "W_ih": "4H I", "W_hh": "4H H", "b": "4H",
        "z": "4H", "z_i": "H", "z_f": "H", "z_g": "H", "z_o": "H",
        "i": "H", "f": "H", "g": "H", "o": "H", "c_new": "H", "u": "H", "hhat": "H",
    },
    inputs=("x", "h", "c", "W_ih", "W_hh", "b"),
    outputs=("hhat", "c_new"),
    sizes={"I": 2, "H": 2},
    blocks={"z": ("z_i", "z_f", "z_g", "z_o")},
    engine=_engine,
    more_cases=(Case("wide", sizes={"I": 3, "H": 4}),),
)  # fmt: skip
