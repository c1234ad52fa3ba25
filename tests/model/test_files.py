"""Models in files and from PyTorch's state dicts."""

import numpy as np
import pytest
import torch

from sabcore import SABConfig, forward, init_params, load_params, lstm_from_torch, save_params
from sabcore.array.files import write_tensors
from sabcore.errors import FormatError, ShapeError
from tests.cases import SIZES

PAPER = SABConfig.paper(**SIZES, k_top=2)


def test_a_saved_model_comes_back_bit_for_bit(tmp_path):
    params = init_params(PAPER, 1, "float64")
    save_params(tmp_path / "model.safetensors", PAPER, params)
    config, loaded = load_params(tmp_path / "model.safetensors")
    assert config == PAPER
    assert loaded.keys() == params.keys()
    for name, value in params.items():
        np.testing.assert_array_equal(loaded[name], value)


def test_files_that_are_no_model_are_refused_in_one_line(tmp_path):
    path, params = tmp_path / "model.safetensors", init_params(PAPER)
    save_params(path, PAPER, params)
    whole = path.read_bytes()
    cases = {
        "truncated": whole[: len(whole) // 2],
        "pickle": b"\x80\x04\x95" + b"x" * 100,
        "empty": b"",
        "huge header": (2**62).to_bytes(8, "little") + b"{}",
    }
    for name, data in cases.items():
        path.write_bytes(data)
        with pytest.raises(FormatError) as caught:
            load_params(path)
        assert "\n" not in str(caught.value), name
    write_tensors(path, params, {"format": "something-else"})
    with pytest.raises(FormatError, match="not a sab-params file"):
        load_params(path)
    metadata = {"format": "sab-params", "version": "1", "config": '{"input_size": 3}'}
    write_tensors(path, params, metadata)
    with pytest.raises(FormatError, match="lacks the keys"):
        load_params(path)
    for nested in ("[" * 100_000, '{"a":' * 100_000):  # deeper than the JSON parser goes
        write_tensors(path, params, {**metadata, "config": nested})
        with pytest.raises(FormatError, match=r"holds no usable model: [^\n]*recursion"):
            load_params(path)
    with pytest.raises(FormatError, match="not there"):
        load_params(tmp_path / "nothing.safetensors")


def test_saving_refuses_what_could_not_be_loaded(tmp_path):
    params = init_params(PAPER)
    for changed, error in [
        ({"W_m": params["W_m"].T}, "W_m has shape"),
        ({"w_a": params["w_a"] * np.nan}, "w_a holds NaN"),
        ({"extra": params["d"]}, "hold extra"),
    ]:
        with pytest.raises(ValueError, match=error):
            save_params(tmp_path / "model.safetensors", PAPER, {**params, **changed})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "module",
    [torch.nn.LSTM(3, 5), torch.nn.LSTMCell(3, 5), torch.nn.LSTM(3, 5, bias=False)],
    ids=["LSTM", "LSTMCell", "no bias"],
)
def test_a_torch_lstm_computes_the_same_here(module):
    config = SABConfig.lstm(**SIZES)
    params = init_params(config, dtype="float64") | lstm_from_torch(module.double().state_dict())
    x = np.random.default_rng(0).standard_normal((7, 2, 3))
    _, tape = forward(config, params, x)
    if isinstance(module, torch.nn.LSTM):
        want = module(torch.tensor(x))[0]
    else:
        state, states = None, []
        for row in torch.tensor(x):
            state = module(row, state)
            states.append(state[0])
        want = torch.stack(states)
    np.testing.assert_allclose(tape.h, want.detach().numpy(), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    "module",
    [torch.nn.LSTM(3, 5, num_layers=2), torch.nn.LSTM(3, 5, bidirectional=True), torch.nn.LSTM(3, 5, proj_size=2),
     torch.nn.GRU(3, 5), torch.nn.Linear(3, 5)],
    ids=["two layers", "two directions", "projected", "GRU", "Linear"],
)  # fmt: skip
def test_other_layers_are_refused(module):
    with pytest.raises(ShapeError) as caught:
        lstm_from_torch(module.state_dict())
    assert "\n" not in str(caught.value)
