"""Which card, driver and libraries."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from ..machine import describe

#: What `card_state` asks for: how fast the card runs, and how hard it works.
STATE = "clocks.sm clocks.mem power.draw temperature.gpu".split()


def describe_card(cupy: Any) -> dict[str, Any]:
    """The machine, and its GPU: name, memory, processors, the CUDA versions of driver and runtime; the commit."""
    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(cupy.cuda.Device().id)
    return describe() | {
        "card": _text(properties["name"]),
        "memory": int(properties["totalGlobalMem"]),
        "processors": int(properties["multiProcessorCount"]),
        "capability": f"{properties['major']}.{properties['minor']}",
        "driver": runtime.driverGetVersion(),
        "runtime": runtime.runtimeGetVersion(),
        "driver_version": _first_line("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "commit": _first_line("git", "rev-parse", "HEAD"),
    }


def card_state() -> dict[str, str]:
    """Clocks, power and temperature now, as `nvidia-smi` says them; nothing where it does not."""
    line = _first_line("nvidia-smi", f"--query-gpu={','.join(STATE)}", "--format=csv,noheader") or ""
    values = [value.strip() for value in line.split(",")]
    return dict(zip(STATE, values, strict=True)) if len(values) == len(STATE) else {}


def _first_line(*command: str) -> str | None:
    """What a command says first; None if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout.strip() else None


def file_name(card: str) -> str:
    """The card's name as part of a file's name: "NVIDIA H200" becomes "nvidia-h200"."""
    return re.sub(r"[^a-z0-9]+", "-", card.lower()).strip("-")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
