"""A block: its parts in their order, and a backward that is the forward's complex step."""

import numpy as np

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.transformer.attention import attention
from sabcore.transformer.block import block, block_backward
from sabcore.transformer.feed_forward import feed_forward
from sabcore.transformer.layer_norm import layer_norm
from tests.step.vjp import normal, vjp
from tests.transformer.cases import all_complex

T, B, H, F = 4, 2, 6, 5
PARAMS = {
    "gain_p": (H,), "bias_p": (H,), "W_q": (H, H), "W_k": (H, H), "W_v": (H, H), "W_o": (H, H),
    "gain_r": (H,), "bias_r": (H,), "W_1": (F, H), "b_1": (F,), "W_2": (H, F), "b_2": (H,),
}  # fmt: skip


def test_each_part_reads_a_norm_and_adds_to_what_was_there():
    x, params = normal(0, x=(T, B, H))["x"], normal(1, **PARAMS)
    y, _ = block(x, params, 2)
    p = layer_norm(x, params["gain_p"], params["bias_p"])[0]
    m = x + attention(p, params["W_q"], params["W_k"], params["W_v"], params["W_o"], 2)[0]
    r = layer_norm(m, params["gain_r"], params["bias_r"])[0]
    want = m + feed_forward(r, params["W_1"], params["b_1"], params["W_2"], params["b_2"])[0]
    np.testing.assert_array_equal(y, want)


def test_the_backward_is_the_complex_step_of_the_forward():
    given, dy = normal(2, x=(T, B, H), **PARAMS), normal(3, dy=(T, B, H))["dy"]
    want = vjp(lambda x, **params: block(x + 0j, all_complex(params), 2)[0], given, dy)
    params = {name: given[name] for name in PARAMS}
    dx, grads = block_backward(dy, block(given["x"], params, 2)[1], params)
    assert failures(compare({"x": dx, **grads}, want, 1e-11)) == []
