"""The engine's kernels in the machine; `python -m tests.engine.cuda.machine float64` prints JSON.

`float64`: the cases of `tests.cases` at a size at which a block has two warps, and weights stand in registers, shared
and global memory; and mutants, kernels that lack a barrier. `float32`: some of the cases, and a few steps of what is
launched on a GPU. `cases` maps each case to the error over allowed of each tensor, `mutants` each barrier to what
became of it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from sabcore import SABConfig, init_params
from sabcore.engine.cuda.largest import largest
from sabcore.engine.topk import topk
from tests.cases import CASES, Inputs, random_inputs
from tests.engine.cuda.machine import KernelError
from tests.engine.cuda.machine.drive import Errors, Machine, compare
from tests.oracle import allowance

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 17, "output_size": 4, "attention_size": 19}
LARGE: dict[str, Any] = {"input_size": 10, "hidden_size": 128, "output_size": 10, "k_top": 10}
#: Two warps to a block; of a model of that size, weights fill the registers and 9 kB, and some are left.
BLOCK: dict[str, Any] = {"threads": 64, "registers": 16, "shared_bytes": 9000}
#: Rounding of two right programs is near 1e-14 in float64, and 1e-6 in float32, on these cases.
ALLOWED = {"float64": 1e-9, "float32": 1e-3}


def sized(preset: str, **fields: Any) -> SABConfig:
    """A preset in the sizes of this group."""
    k_top = {} if preset in ("self_attention", "lstm") else {"k_top": 3}
    return SABConfig.preset(preset, **{**SIZES, **k_top, **fields})


def errors_of(config: SABConfig, dtype: str, T: int = 8, **block: Any) -> Errors:
    """Error over allowed of each tensor, so that 1 is the limit. What rounding alone moves further may be further."""
    wide, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2, T=T)
    params, narrow = {name: p.astype(dtype) for name, p in wide.items()}, Inputs(*(i.astype(dtype) for i in inputs))
    found, allowed = compare(Machine(**block), config, params, narrow), {}
    if not max(found.values()) <= ALLOWED[dtype]:
        allowed = allowance(config, wide, inputs, ALLOWED[dtype])
    return {name: error / allowed.get(name, ALLOWED[dtype]) for name, error in found.items()}


def in_float64() -> dict[str, Errors]:
    """All presets, truncations and options; reads of more slots than a sum begins with threads, a ranking in rounds."""
    found = {str(case): errors_of(sized(case.preset, **case.fields), "float64", **BLOCK) for case in CASES}
    for preset, fields, T in (("paper", {"k_top": 40}, 48), ("self_attention", {}, 40), ("paper", {"k_top": 2}, 90)):
        found[f"{preset},{fields},T={T}"] = errors_of(sized(preset, **fields), "float64", T, **BLOCK)
    return found | topk_cases()


def topk_cases() -> dict[str, Errors]:
    """The stand-alone kernel against the CPU's."""
    rng, found = np.random.default_rng(0), {}
    for n, k in ((5, 5), (700, 12), (900, 3)):
        rows = np.concatenate([rng.standard_normal((2, n)), rng.integers(0, 4, (1, n)), np.full((1, n), np.nan)])
        with Machine().installed():
            indices, values = largest(rows, k)
        want_indices, want_values = topk(rows, k)
        same = np.array_equal(indices, want_indices) and np.array_equal(values, want_values, equal_nan=True)
        found[f"{k} of {n}"] = {"ranking": 0.0 if same else np.inf}
    return found


def in_float32() -> dict[str, Errors]:
    """The cases that one pair of kernels runs; and a GPU's block, with all its threads, registers and shared memory."""
    found = {
        str(case): errors_of(sized(case.preset, **case.fields), "float32", **BLOCK)
        for case in CASES
        if case.preset == "paper" and not {"score", "margin"} & case.fields.keys()
    }
    return found | {"paper,H=128": errors_of(SABConfig.paper(**LARGE), "float32", T=6)}


def mutants() -> dict[str, str]:
    """Each barrier of the kernels for the paper's preset that is passed at all, left out: what the machine says."""
    config = sized("paper", k_top=5)
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2, T=11)
    machine = Machine(**BLOCK)
    compare(machine, config, params, inputs)
    passed = [
        (name, line)
        for name, kernel in machine.kernels.items()
        for line in kernel.barriers()
        if line in machine.reports[name].lines
    ]
    found = {}
    for name, line in passed:
        machine.lacking = {name: (line,)}
        try:
            off = max(compare(machine, config, params, inputs).values())
            found[f"{name} line {line}"] = "" if off <= ALLOWED["float64"] else f"off by {off:.1e}"
        except KernelError as fault:
            found[f"{name} line {line}"] = f"{type(fault).__name__}: {fault}"
    return found


if __name__ == "__main__":
    groups = {"float64": (in_float64, mutants), "float32": (in_float32, dict)}
    cases, wrong = groups[sys.argv[1]]
    json.dump({"cases": cases(), "mutants": wrong()}, sys.stdout)
