"""Runs `block.md`: with stand-ins for its parts, and with each part by its own page."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.evaluate import Numbers
from sabcore.proofs.half import Case, Half
from sabcore.proofs.transformer.parts import WEIGHTS, Functions, block_params, by_page, stand_ins
from sabcore.transformer.block import block, block_backward

_STAND_INS = Case("stand-ins")


def functions(numbers: Numbers, case: Case) -> Functions:
    if case == _STAND_INS:
        return stand_ins(numbers, ("layer_norm", "attention", "feed_forward"))
    return by_page(numbers)


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    if case == _STAND_INS:
        return {}
    params = block_params(v)
    _, cache = block(v["x"][:, None], params, len(v["W_q"]))
    return {"dx": block_backward(v["dy"][:, None], cache, params)[0][:, 0]}


HALF = Half(
    page="transformer/block",
    letter="K",
    shapes={"x": "T H", "p": "T H", "m": "T H", "r": "T H", "y": "T H", **WEIGHTS},
    inputs=("x", *WEIGHTS),
    outputs=("y",),
    sizes={"T": 2, "N": 1, "E": 1, "H": 2, "F": 2},
    cases=(_STAND_INS,),
    functions=functions,
    engine=_engine,
    more_cases=(Case("by the pages", sizes={"T": 3, "N": 3, "E": 1, "H": 3, "F": 4}),),
)
