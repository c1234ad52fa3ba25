"""Is every engine right on this card? Against the plain engine in float64 on the CPU, and against itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sabcore import PRESETS, SABConfig
from sabcore.errors import ConfigError
from sabcore.model.config import left_to_caller

from ..agree import as_dict, check
from ..peers import Entrant, engines, on_host
from ..workload import make_workload, sab_config
from .parts import PartFailedError

SIZES: dict[str, Any] = {"input_size": 7, "hidden_size": 32, "output_size": 5, "attention_size": 24}
TRUNCATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "segment": {"k_trunc": 6},
    "sliding": {"truncation": "sliding", "k_trunc": 4, "k_remind": 3},
}
#: Steps and sequences of the small cases; more steps than a warp has lanes.
T, B = 40, 5
#: From so many steps on, float32 may select another slot than float64 does, and rightly so.
LONG = 200
#: Processes for the GPU's tests: most of their time, kernels are being compiled.
WORKERS = 12
#: As it is timed, and with more slots than a block has threads.
LARGE = ((sab_config(), 150, 9), (sab_config(), 700, 4), (sab_config(k_att=10), 700, 4))


def cases() -> Iterator[tuple[str, SABConfig, int, int]]:
    """A name, a configuration, T and B: every preset with every truncation, then the large ones."""
    for preset in PRESETS:
        for words, truncation in TRUNCATIONS.items():
            config = SABConfig.preset(preset, **SIZES, **dict.fromkeys(left_to_caller(preset), 4), **truncation)
            yield f"{preset}, {words}", config, T, B
    for config, steps, rows in LARGE:
        yield f"paper, k_att={config.k_att}, T={steps}", config, steps, rows


def agreements() -> list[dict[str, Any]]:
    """Every engine on every case, in float64, and in float32 if it is short.

    Raises:
        PartFailedError: an engine disagrees somewhere; all is in its `found`.
    """
    entrants = [entrant for entrant in _on_every_device() if entrant.missing() is None]
    return _all_passed(
        {"case": name} | as_dict(verdict)
        for name, config, steps, rows in cases()
        for verdict in check(entrants, config, steps, rows, ("float64", "float32") if steps < LONG else ("float64",))
    )


def random_agreements(count: int = 30, seed: int = 0) -> list[dict[str, Any]]:
    """The same, in float64, for configurations drawn from everything that a configuration can say.

    Raises:
        PartFailedError: as `agreements`.
    """
    entrants, rng = [entrant for entrant in engines("cuda") if entrant.missing() is None], np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        config, steps, B = random_config(rng), int(rng.integers(3, 60)), int(rng.integers(1, 12))
        name = ", ".join(f"{key}={value}" for key, value in config.to_dict().items())
        rows += [{"case": name} | as_dict(verdict) for verdict in check(entrants, config, steps, B, ("float64",))]
    return _all_passed(rows)


def random_config(rng: np.random.Generator) -> SABConfig:
    """One that the spec allows."""
    pick = {
        "k_top": (0, 1, 3, 11, None), "k_att": (1, 2, 5), "k_trunc": (None, 1, 4), "k_remind": (None, 1, 6),
        "truncation": ("segment", "sliding"), "segment_offset": (0, 1), "score": ("additive", "separable"),
        "sparsifier": ("threshold", "softmax"), "threshold_rank": ("k_top+1", "k_top"), "margin": (0.0, 1e-7, -0.05),
        "small_memory": ("raw", "softmax", "threshold"), "memory_start": ("empty", "zero_state"),
        "score_grad": (True, False), "hidden_size": (5, 64), "attention_size": (None, 33),
    }  # fmt: skip  # few sizes: kernels are compiled for each
    while True:
        fields = {name: choices[rng.integers(len(choices))] for name, choices in pick.items()}
        try:
            return SABConfig(input_size=3, output_size=4, **fields)  # type: ignore[arg-type]
        except ConfigError:
            continue


def repeats() -> dict[str, bool]:
    """Whether two runs of each engine on the card give the same bits: by engine and dtype.

    Raises:
        PartFailedError: one does not.
    """
    found = {
        f"{entrant.name}, {dtype}": _same_bits(entrant, dtype)
        for entrant in engines("cuda")
        if entrant.name != "sabcore-plain" and entrant.missing() is None
        for dtype in ("float32", "float64")
    }
    if not found or not all(found.values()):
        raise PartFailedError(
            f"not the same bits twice: {[k for k, v in found.items() if not v] or 'no engine'}", found
        )
    return found


def tests() -> dict[str, Any]:
    """`pytest -m gpu` in this checkout.

    Raises:
        PartFailedError: it failed, found no tests, or there is no checkout to test.
    """
    root = Path.cwd()
    if not (root / "tests").is_dir():
        raise PartFailedError(f"there are no tests in {root}", None)
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-n", str(WORKERS), "-q", "--tb=short", "tests"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=400)
    lines = (done.stdout + done.stderr).splitlines() or ["no output"]
    found = {"exit_code": done.returncode, "summary": lines[-1], "tail": lines[-40:] if done.returncode else []}
    if done.returncode:
        raise PartFailedError(f"pytest -m gpu: exit code {done.returncode}, {lines[-1]}", found)
    return found


def _on_every_device() -> list[Entrant]:
    """The engines on the card, and those on the CPU that do not define what is right."""
    return [*engines("cuda"), *(entrant for entrant in engines("cpu") if entrant.name != "sabcore-plain")]


def _same_bits(entrant: Entrant, dtype: str) -> bool:
    run = entrant.prepare(make_workload(sab_config(), 120, 33, dtype))
    first, second = on_host(run()), on_host(run())
    return all(first[name].tobytes() == second[name].tobytes() for name in first)


def _all_passed(rows: Any) -> list[dict[str, Any]]:
    rows = list(rows)
    failed = [row for row in rows if not row["passed"]]
    if failed or not rows:
        names = "; ".join(f"{row['entrant']} {row['dtype']} ({row['case'][:60]})" for row in failed[:3])
        raise PartFailedError(f"{len(failed)} of {len(rows)} comparisons failed: {names}", rows)
    return rows
