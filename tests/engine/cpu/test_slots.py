"""The compiled slot arithmetic is the model's own functions, and counts as they do."""

import pytest

from sabcore.engine.cpu import slots
from sabcore.model import slots as model


@pytest.mark.parametrize("name", ["slots_before", "slot_of", "step_of"])
def test_compiled_from_the_models_functions(name):
    compiled, said = getattr(slots, name), getattr(model, name)
    assert compiled.py_func is said
    for first, k_att in ((0, 3), (3, 3), (1, 1), (0, 1)):
        assert [compiled(n, first, k_att) for n in range(1, 9)] == [said(n, first, k_att) for n in range(1, 9)]
