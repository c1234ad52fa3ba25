"""The process in which the reader's code runs: `python -m sabcore.exercise.worker FILE_OF_THE_PACKAGE SHEET OUT`.

The reader's definitions take the place of the engine's own in a copy of the plain engine, or of an oracle, which then
computes every case. The results go to OUT, a safetensors file; what the reader's code prints goes nowhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from sabcore import SABConfig, init_params
from sabcore.engine import results
from sabcore.validate.mistakes.build import build

Results = dict[str, np.ndarray]
T, B = 9, 2
_SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}
#: Together they pass every line of the exercises, each in more than one way.
CASES = {
    "paper": SABConfig.paper(**_SIZES, k_top=2),
    "paper, cut every 3 steps": SABConfig.paper(**_SIZES, k_top=2, k_trunc=3, segment_offset=1),
    "paper, with a margin below 0": SABConfig.paper(**_SIZES, k_top=2, k_trunc=2, margin=-0.2, eps=0.1),
    "released": SABConfig.released(**_SIZES, k_top=3, k_trunc=4),
    "self_attention": SABConfig.self_attention(**_SIZES, k_trunc=4, temperature=0.7),
    "lstm": SABConfig.lstm(**_SIZES, k_trunc=4),
    "softmax of the best 2": SABConfig(**_SIZES, sparsifier="softmax", k_top=2, k_trunc=3, temperature=0.5),
}


def case_results(forward: Callable[..., Any], backward: Callable[..., Any]) -> Results:
    """All that an engine computes for every case, by "CASE: NAME"."""
    found: Results = {}
    for i, (name, config) in enumerate(CASES.items()):
        params, x, dy, h0, c0 = inputs(config, i)
        some = results.results(config, params, x, dy, h0, c0, forward=forward, backward=backward)
        found |= {f"{name}: {key}": value for key, value in some.items()}
    return found


def inputs(config: SABConfig, seed: int) -> tuple[Any, ...]:
    """Parameters, x (T,B,I), dy (T,B,O), h0 c0 (B,H)."""
    rng = np.random.default_rng(seed)
    params = {name: 2 * value for name, value in init_params(config, seed, "float64").items()}
    state = (B, config.hidden_size)
    shapes = (T, B, config.input_size), (T, B, config.output_size), state, state
    return params, *(rng.standard_normal(shape) for shape in shapes)


def oracle_results(gradients: Callable[..., Any]) -> Results:
    """What an oracle of `sabcore.reference` computes for every case."""
    found: Results = {}
    for i, (name, config) in enumerate(CASES.items()):
        params, x, dy, h0, c0 = inputs(config, i)
        some = gradients(config.to_dict(), params, x, dy, h0=h0, c0=c0)
        found |= {f"{name}: {key}": np.asarray(value) for key, value in some.items()}
    return found


def _of_reader(file: str, text: str) -> Results:
    """The engine's results with the reader's definitions in the place of those in `file`."""
    if file.startswith("reference/"):
        from sabcore.reference import complex_step, edges, replay

        exec(compile(text, "<exercise>", "exec"), vars(edges))
        replay.__dict__.update(Edges=edges.Edges, edges_of=edges.edges_of)
        return oracle_results(complex_step.gradients)
    engine = build(definitions={file: text})
    return case_results(engine.forward, engine.backward)


def main() -> None:
    """Compute, write, and say nothing."""
    file, sheet, out = sys.argv[1:]
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    found = _of_reader(file, Path(sheet).read_text(encoding="utf-8"))
    with open(out, "wb") as target:
        target.write(save({name: np.ascontiguousarray(value, np.float64) for name, value in found.items()}))


if __name__ == "__main__":
    main()
