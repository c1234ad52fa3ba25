"""The fixture by which a port's own tests assert conformance in one line."""

from __future__ import annotations

import pytest

from sabcore.validate.pytest_plugin import assert_conforms
from tests.validate.programs import implementation


def test_a_right_program_passes(assert_sab):
    assert_sab(implementation(), claim="paper")
    assert_sab(implementation({"k_trunc": None}), claim="paper", k_trunc=None)


def test_a_wrong_program_fails_with_the_report():
    with pytest.raises(pytest.fail.Exception, match="computes   paper with k_trunc = null"):
        assert_conforms(implementation({"k_trunc": None}), claim="paper")


def test_an_exemption_that_is_not_needed_fails():
    with pytest.raises(pytest.fail.Exception, match="remove the exemption"):
        assert_conforms(implementation(), claim="paper", exempt={"grad.x": "inputs are not trained"})
