"""Random models, shapes and data: every tensor against autograd and the complex step."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sabcore import PRESETS, SABConfig, init_params
from sabcore.reference import autograd, complex_step
from sabcore.reference.conditioning import conditioning
from tests.cases import Inputs, random_inputs
from tests.oracle import disagreements, engine_results

ks = st.integers(1, 5)


@st.composite
def configs(draw) -> tuple[SABConfig, int, int]:
    """A config, and T and B; B, I, H, A, O, T pairwise different."""
    names = ["input_size", "hidden_size", "output_size", "attention_size"]
    *sizes, B, T = draw(st.permutations(range(2, 10)))[:6]
    fields = dict(zip(names, sizes, strict=True))
    preset = draw(st.sampled_from(list(PRESETS)))
    fields["k_att"] = draw(st.integers(1, 3))
    fields["score_grad"] = draw(st.booleans())
    if "k_top" not in PRESETS[preset]:
        fields["k_top"] = draw(ks)
        fields["small_memory"] = draw(st.sampled_from(["raw", "softmax", "threshold"]))
        fields["margin"] = draw(st.sampled_from([0.0, 1e-7, -1e-7, 0.02, -0.05]))
    if preset == "self_attention":
        fields |= {"k_top": draw(st.none() | ks), "temperature": draw(st.sampled_from([0.5, 1.0, 3.0]))}
        fields["score"] = draw(st.sampled_from(["additive", "separable"]))
    fields["k_back"] = draw(ks if preset == "sab2017" else st.none() | ks)
    fields["memory_start"] = draw(st.sampled_from(["empty", "zero_state"]))
    fields["k_trunc"] = draw(st.none() | ks)
    fields["truncation"] = draw(st.sampled_from(["segment", "sliding"]))
    if fields["truncation"] == "sliding":
        fields["k_remind"] = draw(st.none() | ks)
    else:
        fields["segment_offset"] = draw(st.integers(0, 3))
    return SABConfig.preset(preset, **fields), T, B


@given(configs(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_every_tensor_equals_both_oracles(drawn, seed):
    config, T, B = drawn
    params, inputs = init_params(config, seed, "float64"), random_inputs(config, seed + 1, T, B)
    got, case = engine_results(config, params, inputs), (config.to_dict(), params, *inputs)
    for oracle, allowed in ((complex_step.gradients, 1e-12), (autograd.gradients, 1e-10)):
        assert disagreements(got, oracle(*case), (config, params, inputs), allowed, oracle) == []


@st.composite
def nearly_tied(draw) -> tuple[SABConfig, dict[str, np.ndarray], Inputs]:
    """Models whose slots score alike: a score that hardly sees the state, and inputs that repeat."""
    config, T, B = draw(configs().filter(lambda drawn: drawn[0].has_memory and drawn[0].k_top is not None))
    seed, scale = draw(st.integers(0, 2**31)), draw(st.sampled_from([0.0, 1e-9, 1e-7, 1e-5, 1e-3]))
    params, inputs = init_params(config, seed, "float64"), random_inputs(config, seed, T, B)
    for name in ("w_a", "u_q", "u_m"):
        if name in params:
            params[name] *= scale
    return config, params, inputs._replace(x=np.repeat(inputs.x[:1], T, axis=0))


@given(nearly_tied())
@settings(max_examples=40, deadline=None)
def test_near_ties_follow_the_order_that_the_spec_defines(drawn):
    config, params, inputs = drawn
    case = (config.to_dict(), params, *inputs)
    near = conditioning(config.to_dict(), params, inputs.x, inputs.h0, inputs.c0)
    rounding = 64 * np.finfo("float64").eps * near.bound
    assume(near.gap == 0 or near.gap > rounding)  # a gap of rounding size has no order to follow
    got, oracle = engine_results(config, params, inputs), complex_step.gradients
    assert disagreements(got, oracle(*case), (config, params, inputs), 1e-12, oracle) == []
