"""Tensors come in and go out by DLPack, and share their memory on the way."""

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward, init_params
from sabcore.array.dlpack import from_dlpack
from sabcore.errors import DTypeError
from tests.cases import SIZES, random_inputs

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def test_a_torch_tensor_comes_in_and_goes_out_without_a_copy():
    tensor = torch.arange(6.0).reshape(2, 3)
    array = from_dlpack(tensor)
    tensor[1, 2] = 7.5
    assert array[1, 2] == 7.5
    assert array.ctypes.data == tensor.data_ptr()
    assert torch.from_dlpack(array.copy()).shape == (2, 3)
    y = np.zeros((2, 2))
    back = torch.from_dlpack(y)
    back[0, 0] = 3
    assert y[0, 0] == 3


def test_a_tensor_that_requires_gradients_comes_in_detached():
    tensor = torch.ones(2, requires_grad=True)
    assert from_dlpack(tensor).ctypes.data == tensor.data_ptr()


def test_a_model_runs_on_torch_memory():
    config = SABConfig.paper(**SIZES, k_top=3)
    params, inputs = init_params(config, seed=1), random_inputs(config, seed=2, dtype="float32")
    theirs = {name: from_dlpack(torch.from_numpy(value)) for name, value in params.items()}
    y, tape = forward(config, theirs, from_dlpack(torch.from_numpy(inputs.x)))
    grads = backward(config, theirs, tape, from_dlpack(torch.from_numpy(inputs.dy)))
    want, want_tape = forward(config, params, inputs.x)
    assert torch.equal(torch.from_dlpack(y), torch.from_numpy(want))
    for name, value in backward(config, params, want_tape, inputs.dy).items():
        np.testing.assert_array_equal(grads[name], value, err_msg=name)


class Elsewhere:
    """A tensor on a device of kind 4, OpenCL."""

    def __dlpack__(self):
        raise AssertionError("should not be asked")

    def __dlpack_device__(self):
        return 4, 0


@pytest.mark.parametrize("given", [[1.0], Elsewhere()])
def test_what_is_no_such_tensor_is_refused(given):
    with pytest.raises(DTypeError, match=r"DLPack"):
        from_dlpack(given)
