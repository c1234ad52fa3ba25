"""The table of weights: the plain engine's, from the lists on the tape or selected again."""

import pytest

from sabcore.compare.tensors import compare_tensor
from sabcore.engine import cpu, plain
from sabcore.errors import ConfigError
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, make_case, run


@pytest.mark.parametrize(
    "fields",
    [
        {"k_top": 2},
        {"k_top": 2, "margin": -0.4},
        {"k_top": None, "sparsifier": "softmax"},
        {"k_top": 3, "score": "separable"},
    ],
)
def test_attention_is_the_plain_engines(fields: dict) -> None:
    config = SABConfig.paper(**SIZES, **fields)
    case = make_case(config, T=8, B=3)
    got = cpu.attention(config, case[0], run(cpu, config, case)[1])
    want = plain.attention(config, case[0], run(plain, config, case)[1])
    assert want.any()
    assert compare_tensor("weights", got, want, 1e-11).passed


def test_a_plain_lstm_has_none():
    config = SABConfig.lstm(**SIZES)
    case = make_case(config, T=3, B=2)
    _, tape = cpu.forward(config, *case[:4])
    with pytest.raises(ConfigError, match="k_top is 0"):
        cpu.attention(config, case[0], tape)
