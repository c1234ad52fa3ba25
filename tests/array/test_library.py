"""Whose functions compute with an array, and bringing values home."""

import numpy as np
import pytest

from sabcore.array.library import array_module, on_host
from sabcore.errors import DTypeError


class Device:
    """An array somewhere else, as CuPy's are: `get` copies it here."""

    def __init__(self, value):
        self.value = value

    def get(self):
        return self.value.copy()


def test_numpy_arrays_and_numbers_are_numpys():
    assert array_module(np.zeros(2)) is np
    assert array_module(np.float32(1)) is np


def test_others_name_their_namespace():
    class Standard:
        def __array_namespace__(self):
            return "theirs"

    assert array_module(Standard()) == "theirs"


@pytest.mark.parametrize("given", [None, 1.0, [1.0], "x"])
def test_what_is_no_array_is_refused(given):
    with pytest.raises(DTypeError, match=f"is a {type(given).__name__}, but should be a NumPy or CuPy array"):
        array_module(given)


def test_host_arrays_stay_and_others_are_copied():
    here = np.arange(3)
    assert on_host(here) is here
    np.testing.assert_array_equal(on_host(Device(here)), here)
    assert on_host(Device(here)) is not here
