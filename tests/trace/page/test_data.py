"""What the page is given is small, and kept to what is promised."""

import base64

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import ConfigError
from sabcore.trace.page import build_page, data
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


def test_a_sequence_that_16_bits_cannot_number_is_refused(monkeypatch):
    config = SABConfig.paper(input_size=2, hidden_size=3, output_size=2, k_top=1)
    monkeypatch.setattr(data, "MOST_STEPS", 5)
    data.page_data(random_source(config, 5, 0), {})
    with pytest.raises(ConfigError, match="has 6 steps, but a page should have at most 5"):
        data.page_data(random_source(config, 6, 0), {})


def test_steps_up_to_the_limit_keep_their_numbers():
    numbers = [0, 1, 255, 256, data.MOST_STEPS]
    assert np.frombuffer(base64.b64decode(data._base64(np.array(numbers))), "<u2").tolist() == numbers


@pytest.mark.long
def test_five_thousand_steps_fit_into_half_a_megabyte():
    config = SABConfig.paper(input_size=10, hidden_size=16, output_size=10, k_top=5, k_trunc=5)
    assert len(build_page(random_source(config, 5000, 0)).encode()) < 500_000
