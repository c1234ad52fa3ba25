"""Runs `network.md`: with stand-ins for blocks and norm, and with two blocks by their own page."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.evaluate import Numbers, Run
from sabcore.proofs.half import Case, Half
from sabcore.proofs.stage import begin
from sabcore.proofs.transformer import block
from sabcore.proofs.transformer.parts import WEIGHTS, Functions, block_params, by_page, stand_ins
from sabcore.transformer.config import TransformerConfig
from sabcore.transformer.network import backward, forward
from sabcore.transformer.params import block_name
from sabcore.transformer.positions import sinusoids

_STAND_INS = Case("stand-ins")
_POSITIONS = {"position": tuple(tuple(map(repr, row)) for row in sinusoids(3, 3).tolist())}
_BY_PAGE = Case("by the pages", point=_POSITIONS, sizes={"t": 3, "N": 3, "E": 1, "H": 3, "F": 4})
_LAYERS = 2


def functions(numbers: Numbers, case: Case) -> Functions:
    if case == _STAND_INS:
        return stand_ins(numbers, ("blocks", "layer_norm"))

    def at(run: Run, x: Any) -> Run:
        """One block's run, whose input is x."""
        given = {name: run.values[name] for name in WEIGHTS}
        return begin(block.HALF, case, numbers, {**given, "x": x}).lines(block.HALF.lines.definitions)

    def blocks(run: Run, x: Any) -> Any:
        for _ in range(_LAYERS):
            x = at(run, x).values["y"]
        return x

    def blocks_backward(run: Run, dy: Any, x: Any) -> Any:
        """The last block first; each is run again up to its output."""
        inputs = [x]
        for _ in range(_LAYERS - 1):
            inputs.append(at(run, inputs[-1]).values["y"])
        for each in reversed(inputs):
            after = begin(block.HALF, case, numbers, {**at(run, each).values, "dy": dy})
            dy = after.lines(block.HALF.lines.starred).values["dx"]
        return dy

    return {**by_page(numbers), "blocks": blocks, "blocks*": blocks_backward}


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    if case == _STAND_INS:
        return {}
    N, _, H = v["W_q"].shape
    config = TransformerConfig(input_size=v["x"].shape[1], hidden_size=H, output_size=len(v["d"]), layers=_LAYERS,
                               heads=N, feed_forward_size=len(v["b_1"]))  # fmt: skip
    params = {name: v[name] for name in ("W_x", "gain", "bias", "V", "d")}
    for layer in range(1, _LAYERS + 1):
        params |= {block_name(layer, name): value for name, value in block_params(v).items()}
    grads = backward(config, params, forward(config, params, v["x"][:, None])[1], v["dy"][:, None])
    return {"dx": grads["x"][:, 0], "dW_x": grads["W_x"], "dV": grads["V"], "dd": grads["d"]}


HALF = Half(
    page="transformer/network",
    letter="W",
    shapes={
        "x": "t I", "W_x": "H I", "position": "t H", "e": "t H", "g": "t H", "n": "t H", "V": "O H", "d": "O",
        "y": "t O", **WEIGHTS,
    },
    inputs=("x", "W_x", "position", "V", "d", *WEIGHTS),
    outputs=("y",),
    sizes={"t": 2, "I": 2, "O": 2, "N": 1, "E": 1, "H": 2, "F": 2},
    cases=(_STAND_INS,),
    functions=functions,
    engine=_engine,
    more_cases=(_BY_PAGE,),
)  # fmt: skip
