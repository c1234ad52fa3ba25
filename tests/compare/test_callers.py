"""Whoever compares, rejects: something wrong in every tensor of every caller, and each time the caller must notice.

Where a caller measures its tolerance on the engine that is wrong, that engine must not be able to excuse itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig, init_params
from sabcore.benchmarks import agree
from sabcore.benchmarks.gpu import checks
from sabcore.benchmarks.gpu.parts import PartFailedError
from sabcore.benchmarks.peers import engines, on_host
from sabcore.benchmarks.workload import make_workload
from sabcore.engine import plain
from sabcore.engine.results import results
from sabcore.errors import SABError
from sabcore.reference import complex_step
from sabcore.validate import check as validate
from sabcore.vectors import check as vectors
from sabcore.vectors import make
from tests.cases import SIZES, random_inputs
from tests.engine.cpu import agreement
from tests.oracle import disagreements, engine_results

CONFIG = SABConfig.paper(**SIZES, k_top=2, k_trunc=3)
PLAIN = engines()[0]
GRADIENTS = ["x", "W_ih", "W_hh", "b", "W_m", "W_q", "w_a", "V_h", "V_s", "d"]
TENSORS = ["y", "h", "c", "s", *(f"grad.{name}" for name in (*GRADIENTS, "h0", "c0"))]


def put(value, wrong):
    value = value.copy()
    value[tuple(size // 2 for size in value.shape)] = wrong
    return value


WRONG: dict[str, Any] = {
    "nothing": lambda value: value,
    "NaN": lambda value: put(value, np.nan),
    "all NaN": lambda value: value * np.nan,
    "infinity": lambda value: put(value, -np.inf),
    "missing": None,
    "transposed": lambda value: value.T if value.ndim > 1 else value[:, None],
    "one element off": lambda value: put(value, value.max() + 0.02 * np.abs(value).max()),
    "all off by 1 %": lambda value: value * value.dtype.type(1.01),
}


def spoil(found, name, wrong):
    """`found` with something wrong in one tensor."""
    assert name in found
    kept = {other: value for other, value in found.items() if other != name}
    return kept if WRONG[wrong] is None else kept | {name: WRONG[wrong](found[name])}


def spoiled_results(name, wrong):
    """`results` of an engine that gets one tensor wrong."""
    return lambda *args, **kwargs: spoil(results(*args, **kwargs), name, wrong)


def vector_file(name, wrong, monkeypatch):
    vector = _vector()
    monkeypatch.setattr(vectors, "results", spoiled_results(name, wrong))
    return all(report.passed for report in vectors.check(vector))


@cache
def _vector():
    drawn = make.draw(CONFIG, T=7, B=2, seed=0)
    return dataclasses.replace(drawn, expected=vectors.recompute(drawn))


def two_oracles(name, wrong, monkeypatch):
    truth = vectors.recompute(_vector())
    monkeypatch.setattr(make.autograd, "gradients", lambda *args, **kwargs: truth)
    monkeypatch.setattr(make.complex_step, "gradients", lambda *args, **kwargs: spoil(truth, name, wrong))
    try:
        make.expect(make.draw(CONFIG, T=7, B=2, seed=0))
    except SABError:
        return False
    return True


def sab_check(name, wrong, monkeypatch, dtype="float64"):
    monkeypatch.setattr(validate, "oracles", lambda: {"complex step": _by_complex_step})
    monkeypatch.setattr(validate, "TRUNCATIONS", {"segment": {"k_trunc": 4}})
    monkeypatch.setattr(validate, "results", spoiled_results(name, wrong))
    return all(finding.report.passed for finding in validate.check_preset("paper", dtype=dtype))


KNOWN: dict = {}


def _by_complex_step(config, params, x, dy, h0, c0):
    """Computed once for each input."""
    key = x.tobytes()
    if key not in KNOWN:
        KNOWN[key] = complex_step.gradients(config, params, x, dy, h0, c0)
    return KNOWN[key]


def _entrant(name, wrong):
    def prepare(workload):
        found = spoil(on_host(PLAIN.prepare(workload)()), name.removeprefix("grad."), wrong)
        return lambda: found

    return dataclasses.replace(PLAIN, name="spoiled", prepare=prepare)


def bench(name, wrong, monkeypatch, dtype="float64"):
    workload = make_workload(CONFIG, 7, 2, dtype)
    return agree.judge(_entrant(name, wrong), workload, agree.expected(workload)).passed


def gpu_bench(name, wrong, monkeypatch):
    monkeypatch.setattr(checks, "_on_every_device", lambda: [_entrant(name, wrong)])
    monkeypatch.setattr(checks, "cases", lambda: [("small", CONFIG, 7, 2)])
    try:
        return bool(checks.agreements())
    except PartFailedError:
        return False


def plain_tests(name, wrong, monkeypatch):
    params, inputs = init_params(CONFIG, 1, "float64"), random_inputs(CONFIG, 2, T=7)
    found = engine_results(CONFIG, params, inputs)
    return not disagreements(spoil(found, name, wrong), found, (CONFIG, params, inputs), 1e-10)


def cpu_tests(name, wrong, monkeypatch, dtype="float64"):
    case = agreement.make_case(CONFIG, 7, 2, dtype=dtype)
    found = agreement.run(plain, CONFIG, case)[0]
    return not agreement.disagreements(CONFIG, case, 1e-3 if dtype == "float32" else 1e-10, spoil(found, name, wrong))


CALLERS: dict[str, Callable[[str, str, pytest.MonkeyPatch], bool]] = {
    "vectors check": vector_file,
    "vectors make": two_oracles,
    "check": sab_check,
    "check in float32": partial(sab_check, dtype="float32"),
    "bench": bench,
    "bench in float32": partial(bench, dtype="float32"),
    "GPU bench": gpu_bench,
    "tests of the plain engine": plain_tests,
    "tests of the CPU engine": cpu_tests,
    "tests of the CPU engine in float32": partial(cpu_tests, dtype="float32"),
}
#: Peers are asked for outputs and gradients of parameters and inputs alone.
NOT_COMPARED = {name: ["h", "c", "s", "grad.h0", "grad.c0"] for name in CALLERS if "bench" in name}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("caller", CALLERS)
def test_whatever_is_wrong_is_rejected(caller, wrong, tally):
    passed = []
    for name in TENSORS:
        if name not in NOT_COMPARED.get(caller, []):
            with pytest.MonkeyPatch.context() as patch:
                if CALLERS[caller](name, wrong, patch):
                    passed.append(name)
    if wrong == "nothing":
        assert passed == [name for name in TENSORS if name not in NOT_COMPARED.get(caller, [])]
    else:
        tally("spoiled results", f"{caller}, {wrong}", [] if passed else [caller])
        assert passed == []


def test_the_tensors_are_all_there_are():
    params, inputs = init_params(CONFIG, 1, "float64"), random_inputs(CONFIG, 2)
    found = engine_results(CONFIG, params, inputs)
    assert set(found) == set(TENSORS)
    assert all(value.any() for value in found.values())
