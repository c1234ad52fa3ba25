"""The engine's own check: every tensor against every oracle, by the error that each can tell apart from rounding."""

import numpy as np
import pytest

from sabcore.reference import complex_step
from sabcore.step import sparsify
from sabcore.validate import check
from sabcore.validate.check import check_preset, oracles


def by_complex_step(monkeypatch):
    monkeypatch.setattr(check, "oracles", lambda: {"complex step": complex_step.gradients})


def test_every_truncation_and_every_tensor_is_compared_with_every_oracle():
    findings = list(check_preset("lstm", engine="plain"))
    compared = {(f.truncation, f.oracle) for f in findings}
    assert compared == {(t, o) for t in ("full", "segment", "sliding") for o in oracles()}
    assert {"autograd", "complex step", "central differences"} == set(oracles())
    gradients = {f"grad.{name}" for name in ("x", "h0", "c0", "W_ih", "W_hh", "b", "V_h", "d")}
    names = {oracle: {f.report.name for f in findings if f.oracle == oracle} for oracle in oracles()}
    assert names["central differences"] == gradients
    assert names["complex step"] == names["autograd"] == gradients | {"y", "h", "c"}
    assert all(f.report.passed for f in findings)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("preset", ["dev2018", "released"])
def test_a_right_engine_passes_whatever_is_drawn(preset, seed, monkeypatch):
    by_complex_step(monkeypatch)
    assert [str(f) for f in check_preset(preset, seed, engine="plain") if not f.report.passed] == []


@pytest.mark.parametrize(("dtype", "bar"), [("float64", 1e-12), ("complex128", 1e-12), ("float32", 1e-3)])
def test_what_is_allowed_goes_by_dtype_and_oracle(dtype, bar, monkeypatch):
    by_complex_step(monkeypatch)
    allowed = {f.report.name: f.report.allowed for f in check_preset("lstm", dtype=dtype, engine="plain")}
    assert allowed["grad.b"] == bar
    assert allowed["y"] == (2e-5 if dtype == "float32" else bar)


def test_a_wrong_gradient_is_found_and_named(monkeypatch):
    by_complex_step(monkeypatch)
    right = sparsify.Threshold.backward
    monkeypatch.setattr(sparsify.Threshold, "backward", lambda self, dw, a, w: right(self, dw, a, w) * (1 + 1e-9))
    failed = [f for f in check_preset("paper", engine="plain") if not f.report.passed]
    assert {"grad.w_a", "grad.W_m", "grad.W_q"} <= {f.report.name for f in failed}
    assert not {"y", "grad.d"} & {f.report.name for f in failed}
    assert str(failed[0]).startswith("paper, full, against complex step: grad.")
    values = failed[0].as_values()
    assert (values["preset"], values["truncation"], values["passed"]) == ("paper", "full", False)
    assert np.isfinite(values["error"])
