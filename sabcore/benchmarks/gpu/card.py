"""Which card, driver and libraries."""

from __future__ import annotations

import re
from typing import Any

from ..machine import describe


def describe_card(cupy: Any) -> dict[str, Any]:
    """The machine, and its GPU: name, memory, processors, the CUDA versions of driver and runtime."""
    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(cupy.cuda.Device().id)
    return describe() | {
        "card": _text(properties["name"]),
        "memory": int(properties["totalGlobalMem"]),
        "processors": int(properties["multiProcessorCount"]),
        "capability": f"{properties['major']}.{properties['minor']}",
        "driver": runtime.driverGetVersion(),
        "runtime": runtime.runtimeGetVersion(),
    }


def file_name(card: str) -> str:
    """The card's name as part of a file's name: "NVIDIA H200" becomes "nvidia-h200"."""
    return re.sub(r"[^a-z0-9]+", "-", card.lower()).strip("-")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
