"""`sabcore.jax.sab` is a JAX function like any other, and its gradient is the engine's."""

import subprocess
import sys

import numpy as np
import pytest

import sabcore
from sabcore import SABConfig, init_params
from sabcore.errors import ConfigError, DTypeError, ShapeError
from tests.cases import CASES, random_inputs

jax = pytest.importorskip("jax", reason="JAX is not installed")
from sabcore.jax import sab  # noqa: E402  it needs JAX

CONFIG = SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2, k_trunc=3)


@pytest.fixture(autouse=True)
def float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def drawn(config):
    return init_params(config, seed=3, dtype="float64"), random_inputs(config, seed=1, T=7)


@pytest.mark.parametrize("case", CASES[::4], ids=str)
@pytest.mark.parametrize("wrapped", [False, True], ids=["eager", "jit"])
def test_value_and_gradients_are_the_engines_to_the_bit(case, wrapped):
    config = case.config
    params, (x, dy, h0, c0) = drawn(config)
    f = sab(config, engine="plain")
    pull = jax.vjp(jax.jit(f) if wrapped else f, params, x, h0, c0)
    want_y, tape = sabcore.forward(config, params, x, h0=h0, c0=c0, engine="plain")
    want = sabcore.backward(config, params, tape, dy)
    dparams, dx, dh0, dc0 = pull[1](dy)
    found = {**dparams, "x": dx, "h0": dh0, "c0": dc0}
    assert np.array_equal(pull[0], want_y)
    assert found.keys() == want.keys()
    assert all(np.array_equal(found[name], want[name]) for name in want)


def test_vmap_is_the_batch_of_results():
    params, (x, *_) = drawn(CONFIG)
    many = np.stack([x, 2 * x, -x])
    f = sab(CONFIG, engine="plain")
    together = jax.vmap(lambda one: f(params, one))(many)
    assert np.array_equal(together, np.stack([f(params, one) for one in many]))


def test_grad_of_a_loss_around_it():
    """JAX differentiates the loss, the engine what is inside; checked by a difference quotient, nothing being cut."""
    config = SABConfig.lstm(input_size=3, hidden_size=4, output_size=2)
    params, (x, *_) = drawn(config)
    f = sab(config, engine="plain")
    loss = lambda b: (f({**params, "b": b}, x) ** 2).sum()  # noqa: E731
    got = jax.grad(loss)(params["b"])
    step = 1e-6 * np.eye(len(params["b"]))
    want = np.array([(loss(params["b"] + e) - loss(params["b"] - e)) / 2e-6 for e in step])
    assert np.abs(got - want).max() < 1e-7 * np.abs(want).max()


def test_float64_is_computed_or_refused():
    params, (x, *_) = drawn(CONFIG)
    assert sab(CONFIG)(params, x).dtype == "float64"
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(DTypeError, match="jax_enable_x64"):
        sab(CONFIG)(params, x)
    narrow = {name: value.astype("float32") for name, value in params.items()}
    assert sab(CONFIG)(narrow, x.astype("float32")).dtype == "float32"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"x": np.zeros((7, 2, 4))}, ShapeError, r"x has shape \(7, 2, 4\)"),
        ({"h0": np.zeros((3, 4))}, ShapeError, r"h0 has shape \(3, 4\), but should have \(2, 4\)"),
        ({"x": np.zeros((7, 2, 3), "float32")}, DTypeError, "W_ih has dtype float64"),
        ({"params": {}}, ShapeError, "the parameters are"),
        ({"params": None}, ShapeError, "got a NoneType"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_traced(change, error, says):
    params, (x, _, h0, _) = drawn(CONFIG)
    arguments = {"params": params, "x": x, "h0": h0} | change
    with pytest.raises(error, match=says):
        jax.jit(sab(CONFIG))(**arguments)


def test_a_config_is_a_config():
    with pytest.raises(ConfigError, match="config is a dict, but should be a SABConfig"):
        sab({})  # type: ignore[arg-type]


def test_without_jax_the_message_says_what_to_install():
    program = "import sys; sys.modules['jax'] = None\ntry: import sabcore.jax\nexcept ImportError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "sabcore.jax needs JAX: pip install 'sabcore[jax]'\n"
