"""What the page is given is small, and kept to what is promised."""

import base64

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.trace.page import build_page
from sabcore.trace.page.data import pack
from sabcore.trace.source import random_source


def unpack(packed):
    codes = np.frombuffer(base64.b64decode(packed["codes"]), "<u2").astype(float)
    return np.where(codes == 0, 0, packed["top"] * 10 ** ((codes - 1) / 65534 * 12 - 12))


def test_a_norm_is_kept_to_two_parts_in_ten_thousand():
    values = np.exp(np.random.default_rng(0).uniform(-25, 3, 5000))
    values[:3] = [0, values.max() * 1e-13, values.max()]
    got = unpack(pack(values))
    assert (got[:2] == 0).all()
    kept = values > values.max() * 1e-12
    assert np.abs(got[kept] / values[kept] - 1).max() < 2.2e-4


@pytest.mark.parametrize("values", [np.zeros(4), np.zeros(0)])
def test_nothing_is_packed_too(values):
    assert unpack(pack(values)).tolist() == values.tolist()


@pytest.mark.long
def test_five_thousand_steps_fit_into_half_a_megabyte():
    config = SABConfig.paper(input_size=10, hidden_size=16, output_size=10, k_top=5, k_trunc=5)
    assert len(build_page(random_source(config, 5000, 0)).encode()) < 500_000
