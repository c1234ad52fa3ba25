"""`sabcore.model.slots`, compiled."""

from __future__ import annotations

from typing import Any

from sabcore.engine.cpu.jit import jit
from sabcore.model import slots

slots_before: Any = jit(slots.slots_before)
slot_of: Any = jit(slots.slot_of)
step_of: Any = jit(slots.step_of)
