"""`sabcore.torch.SAB` is an operator of PyTorch like any other, and its gradient is the engine's."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import sabcore
from sabcore import SABConfig
from sabcore.errors import ConfigError, DTypeError, ShapeError
from sabcore.reference import complex_step
from sabcore.torch import SAB
from tests.cases import CASES, random_inputs

#: Nothing is cut or detached, so that the gradient is the loss's own.
FULL = [
    case
    for case in CASES
    if case.config.score_grad and (case.config.k_trunc, case.config.k_remind, case.config.k_back) == (None, None, None)
]


def module_of(config, dtype=torch.float64, seed=3):
    """A module in float64 on the plain engine, its inputs x, h0, c0 that require gradients, and dy."""
    module = SAB(config, seed=seed, engine="plain", dtype=dtype)
    inputs = [torch.tensor(value, dtype=dtype) for value in random_inputs(config, seed=1, T=7)]
    x, dy, h0, c0 = inputs
    return module, [tensor.requires_grad_() for tensor in (x, h0, c0)], dy


def gradients(module, inputs, dy):
    """Every gradient by the spec's names, as PyTorch accumulates them."""
    module(*inputs).backward(dy)
    own = {name: p.grad for name, p in module.named_parameters()}
    return own | {name: tensor.grad for name, tensor in zip(("x", "h0", "c0"), inputs, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_are_the_engines_to_the_bit(case):
    config = case.config
    module, inputs, dy = module_of(config)
    found = gradients(module, inputs, dy)
    params = {name: p.detach().numpy() for name, p in module.named_parameters()}
    x, h0, c0 = (tensor.detach().numpy() for tensor in inputs)
    _, tape = sabcore.forward(config, params, x, h0=h0, c0=c0, engine="plain")
    want = sabcore.backward(config, params, tape, dy.numpy())
    assert found.keys() == want.keys()
    assert all(np.array_equal(found[name].numpy(), want[name]) for name in want)


@pytest.mark.parametrize("fields", [{"k_trunc": 3}, {"truncation": "sliding", "k_trunc": 2, "k_remind": 4}])
def test_gradients_are_those_of_the_frozen_edges_oracle(fields):
    """Where edges are cut, the gradient is not that of the loss: gradcheck would be wrong, the oracle is right."""
    config = SABConfig.paper(input_size=3, hidden_size=5, output_size=4, k_top=3, **fields)
    module, inputs, dy = module_of(config)
    found = gradients(module, inputs, dy)
    params = {name: p.detach().numpy() for name, p in module.named_parameters()}
    x, h0, c0 = (tensor.detach().numpy() for tensor in inputs)
    want = complex_step.gradients(config.to_dict(), params, x, dy.numpy(), h0=h0, c0=c0)
    assert all(relative_error(value.numpy(), want[f"grad.{name}"]) < 1e-10 for name, value in found.items())
    uncut = complex_step.gradients(
        {**config.to_dict(), "k_trunc": None, "k_remind": None}, params, x, dy.numpy(), h0, c0
    )
    assert relative_error(found["W_hh"].numpy(), uncut["grad.W_hh"]) > 1e-2


def relative_error(got, want):
    return np.abs(got - want).max() / np.abs(want).max()


@pytest.mark.parametrize("case", FULL, ids=str)
def test_gradcheck_where_nothing_is_cut(case):
    module, inputs, _ = module_of(case.config)
    names = [name for name, _ in module.named_parameters()]
    parameters = [p.detach().clone().requires_grad_() for p in module.parameters()]

    def function(x, h0, c0, *params):
        return torch.func.functional_call(module, dict(zip(names, params, strict=True)), (x, h0, c0))

    assert torch.autograd.gradcheck(function, (*inputs, *parameters), eps=1e-6, atol=1e-7, fast_mode=True)


def test_opcheck():
    module, inputs, _ = module_of(SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2, k_trunc=3))
    arguments = (*inputs, list(module.parameters()), json.dumps(module.config.to_dict()), "plain")
    checked = torch.library.opcheck(torch.ops.sabcore.forward.default, arguments)
    assert set(checked.values()) == {"SUCCESS"}


def test_compiled_equals_eager():
    module, inputs, dy = module_of(SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2, k_trunc=3))
    want = gradients(module, inputs, dy)
    want = {name: value.clone() for name, value in want.items()}
    module.zero_grad()
    for tensor in inputs:
        tensor.grad = None
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    compiled(*inputs).backward(dy)
    found = {name: p.grad for name, p in module.named_parameters()}
    assert all(torch.equal(found[name], want[name]) for name in found)


def test_nothing_is_aliased_or_mutated():
    module, inputs, dy = module_of(SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2))
    before = [tensor.detach().clone() for tensor in (*inputs, *module.parameters(), dy)]
    y = module(*inputs)
    y.backward(dy)
    grads = [tensor.grad for tensor in inputs]
    after = [*inputs, *module.parameters(), dy]
    assert all(torch.equal(a.detach(), b) for a, b in zip(after, before, strict=True))
    pointers = [tensor.data_ptr() for tensor in (*after, y, *grads)]
    assert len(set(pointers)) == len(pointers)


def test_it_learns_with_an_optimiser_of_pytorchs():
    config = SABConfig.paper(input_size=2, hidden_size=6, output_size=2, k_top=2, k_trunc=4)
    module, x = SAB(config, seed=0), torch.randn(6, 4, 2, generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(module.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = ((module(x) - x) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("engine", ["cpu", "plain"])
def test_y_is_the_engines_to_the_bit(engine):
    config = SABConfig.dev2018(input_size=3, hidden_size=5, output_size=4, k_top=2, k_trunc=3)
    module = SAB(config, engine=engine)
    x = torch.randn(9, 2, 3, generator=torch.Generator().manual_seed(1))
    params = {name: p.detach().numpy() for name, p in module.named_parameters()}
    want, _ = sabcore.forward(config, params, x.numpy(), engine=engine)
    assert np.array_equal(module(x).detach().numpy(), want)


def test_weights_go_to_and_from_an_lstm():
    lstm = torch.nn.LSTM(3, 5, dtype=torch.float64)
    config = SABConfig.lstm(input_size=3, hidden_size=5, output_size=5)
    module = SAB(config, dtype=torch.float64)
    module.load_lstm(lstm)
    with torch.no_grad():
        module.V_h.copy_(torch.eye(5))
        module.d.zero_()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(module(x), lstm(x)[0], rtol=0, atol=1e-14)
    back = torch.nn.LSTM(3, 5, dtype=torch.float64)
    back.load_state_dict(module.lstm_state())
    torch.testing.assert_close(back(x)[0], lstm(x)[0], rtol=0, atol=1e-14)


def test_wrong_arguments_are_named():
    config = SABConfig.lstm(input_size=3, hidden_size=5, output_size=4)
    with pytest.raises(DTypeError, match=r"dtype is torch\.float16"):
        SAB(config, dtype=torch.float16)
    with pytest.raises(ShapeError, match=r"x has shape \(7, 2, 4\)"):
        SAB(config)(torch.zeros(7, 2, 4))
    with pytest.raises(ShapeError, match=r"x is \(7,\), but should be a tensor \(T, B, 3\)"):
        SAB(config)(torch.zeros(7))
    with pytest.raises(ShapeError, match=r"x is NoneType, but should be a tensor"):
        SAB(config)(None)
    with pytest.raises(ConfigError, match=r"config is a NoneType, but should be a SABConfig"):
        SAB(None)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"W_ih has shape \(24, 3\), but should have \(20, 3\)"):
        SAB(config).load_lstm(torch.nn.LSTM(3, 6))


def test_without_pytorch_the_message_says_what_to_install():
    program = "import sys; sys.modules['torch'] = None\ntry: import sabcore.torch\nexcept ImportError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "sabcore.torch needs PyTorch: pip install 'sabcore[torch]'\n"
