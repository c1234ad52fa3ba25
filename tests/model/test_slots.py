"""Slots, their steps and their number agree with a memory that is written step by step."""

import pytest

from sabcore import SABConfig
from sabcore.model.slots import slot_of, slots_before, step_of


@pytest.mark.parametrize("k_att", [1, 2, 3, 7])
@pytest.mark.parametrize("start", ["empty", "zero_state"])
def test_as_a_memory_fills(start, k_att):
    config = SABConfig.lstm(input_size=1, hidden_size=1, output_size=1, k_att=k_att, memory_start=start)
    first = config.first_slot
    written = [0] if start == "zero_state" else []
    for t in range(1, 30):
        assert slots_before(t, first, k_att) == len(written)
        if t % k_att == 0:
            written.append(t)
        assert [step_of(j, first, k_att) for j in range(len(written))] == written
        for step in range(t + 1):
            assert slot_of(step, first, k_att) == (written.index(step) if step in written else -1)
