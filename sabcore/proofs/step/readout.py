"""Runs `readout.md`, over several steps."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.half import Case, Half
from sabcore.step.readout import readout_backward


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    dh, ds, grads = readout_backward(v["dy"][:, None], v["h"][:, None], v["s"][:, None], v["V_h"], v["V_s"])
    return {"dh": dh[:, 0], "ds": ds[:, 0], **{f"d{name}": value for name, value in grads.items()}}


HALF = Half(
    page="step/readout",
    letter="Y",
    shapes={"h": "t H", "s": "t H", "V_h": "O H", "V_s": "O H", "d": "O", "y": "t O"},
    inputs=("h", "s", "V_h", "V_s", "d"),
    outputs=("y",),
    sizes={"t": 2, "H": 2, "O": 3},
    engine=_engine,
    more_cases=(Case("long", sizes={"t": 4, "H": 3, "O": 2}),),
)
