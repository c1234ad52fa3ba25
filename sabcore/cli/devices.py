"""`sab devices`: what this machine can compute on, why not, and what to install."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
from typing import Any

import click

from sabcore.array.device import resolve
from sabcore.errors import DeviceError

#: The oldest driver that runs CUDA 13, as CUDA numbers its own versions.
CUDA_13 = 13000
#: CuPy with the libraries it needs, for a driver that is new enough and for an older one.
INSTALL = {
    13: 'pip install "cupy-cuda13x[ctk]"',
    12: 'pip install "cupy-cuda12x[ctk]"',
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def devices(as_json: bool) -> None:
    """Show what the engines can run on: the processor, and a GPU; if that cannot be used, why, and what to install."""
    found = {"cpu": describe_cpu(), "cuda": describe_cuda()}
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


def describe_cpu() -> dict[str, Any]:
    """Cores, BLAS and Numba; the CPU is always usable, if only by the plain engine."""
    import numpy as np

    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "usable": True,
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "numpy": np.__version__,
        "blas": _blas(),
        "numba": _version("numba"),
    }


def _blas() -> str:
    """What NumPy multiplies matrices with, where threadpoolctl is there to say so."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown"
    found = {f"{pool['internal_api']} {pool['version']}" for pool in threadpool_info() if pool["user_api"] == "blas"}
    return ", ".join(sorted(found)) or "unknown"


def describe_cuda() -> dict[str, Any]:
    """CuPy, driver and card; where it cannot be used, `why_not` and the line that would `install` what is missing."""
    facts: dict[str, Any] = {"usable": True, "why_not": None, "install": None}
    facts |= {"cupy": _version("cupy-cuda13x") or _version("cupy-cuda12x") or _version("cupy")}
    facts |= {"driver": None, "card": None, "memory": None}
    try:
        cupy = resolve("cuda")
    except DeviceError as error:
        return facts | {"usable": False, "why_not": str(error).partition("; install")[0], "install": _install_line()}
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    return facts | {
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "card": properties["name"].decode(),
        "memory": int(properties["totalGlobalMem"]),
    }


def _install_line() -> str:
    """For CUDA 12 if there is a driver that knows no newer one, else for CUDA 13."""
    try:
        driver = importlib.import_module("cupy").cuda.runtime.driverGetVersion()
    except Exception:  # no CuPy, no driver, or a broken one of either
        driver = 0
    return INSTALL[12 if 0 < driver < CUDA_13 else 13]


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _lines(found: dict[str, dict[str, Any]]) -> list[str]:
    cpu, cuda = found["cpu"], found["cuda"]
    lines = [f"cpu   usable: {cpu['cores']} cores, NumPy {cpu['numpy']}, BLAS {cpu['blas']}, Numba {cpu['numba']}"]
    if cuda["usable"]:
        size = cuda["memory"] / 2**30
        versions = f"driver for CUDA {cuda['driver'] / 1000:.1f}, CuPy {cuda['cupy']}"
        return [*lines, f"cuda  usable: {cuda['card']}, {size:.0f} GiB, {versions}"]
    older = f"; with a driver for CUDA 12: {INSTALL[12]}" if cuda["install"] == INSTALL[13] else ""
    return [*lines, f"cuda  not usable: {cuda['why_not']}", f"      install: {cuda['install']}{older}"]
