"""The kernels' source: races, bounds, wrong variants, and what NVRTC makes of it; none of it needs a GPU."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from sabcore import PRESETS, SABConfig
from sabcore.engine.cuda import run
from sabcore.engine.cuda.build import Build, make_build
from sabcore.engine.cuda.source import FILES, source
from sabcore.model.config import left_to_caller
from tests.cases import SIZES
from tests.engine.cuda import emulate
from tests.engine.cuda.agreement import Model, disagreements, random_model, results


def model(preset: str = "paper", dtype: str = "float64", T: int = 6, scale: float = 1.0, **fields: Any) -> Model:
    given = dict.fromkeys(left_to_caller(preset), 3)
    return random_model(SABConfig.preset(preset, **{**SIZES, **given, **fields}), dtype, T=T, scale=scale)


#: Together they come to every barrier: reads of a few slots and of all, more slots than a warp, several levels.
RACES = {
    "paper": lambda: model(k_trunc=2, truncation="sliding"),
    "all slots": lambda: model("self_attention"),
    "few of all slots": lambda: model("sab2017", T=9, k_back=2),
    "many slots": lambda: model("dev2018", T=40, margin=-0.05),
}


def barriers() -> list[str]:
    """Every barrier of the source, as file:line."""
    found, file, line = [], "", 0
    for text in source().splitlines():
        line += 1
        if start := re.match(r'#line 1 "(.*)"', text):
            file, line = start[1], 0
        elif re.search(r"__sync(threads|warp)\(\)", text.partition("//")[0]):
            found.append(f"{file}:{line}")
    return found


def test_the_barriers_are_found():
    assert {at.partition(":")[0] for at in barriers()} == {"forward.cu", "backward.cu", "topk.cu"}
    assert len(barriers()) == len(re.findall(r"__sync(?:threads|warp)\(\);", source())) >= 14


@pytest.mark.parametrize("case", RACES)
def test_no_race(emulation, case):
    emulation.sanitizer = "thread"
    results(run, RACES[case]())


@pytest.mark.parametrize("barrier", barriers())
def test_every_barrier_left_out_is_a_race(emulation, barrier):
    emulation.sanitizer, emulation.env = "thread", {"EMULATION_WITHOUT": barrier}
    said = ""
    for case in RACES.values():
        try:
            results(run, case())
        except emulate.CrashError as error:
            said = str(error)
            break
    assert "ThreadSanitizer: data race" in said, f"{barrier} guards nothing that these cases show"


def test_threads_that_wait_for_each_other_at_different_places_are_found(emulation):
    emulation.source = source().replace(
        "__syncthreads();  // for h and feature(h)", "if (threadIdx.x < 32) __syncthreads(); else\n __syncthreads();"
    )
    with pytest.raises(
        emulate.CrashError, match=r"some threads wait at forward\.cu:\d+; others wait at forward\.cu:\d+"
    ):
        results(run, model())


@pytest.mark.parametrize("preset", PRESETS)
def test_no_access_out_of_bounds_and_nothing_undefined(emulation, preset):
    emulation.sanitizer = "address,undefined"
    results(run, model(preset, T=36, k_trunc=3, truncation="sliding"))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("scratch.indices[i], values", "scratch.indices[i + n], values"),
        ("real h[2][H];       // h", "real h[1][H];       // h"),
    ],
)
def test_accesses_out_of_bounds_are_found(emulation, right, wrong):
    assert right in source()
    emulation.sanitizer = "address,undefined"
    emulation.source = re.sub(r"static_assert\(sizeof.*\n", "", source().replace(right, wrong))
    with pytest.raises(emulate.CrashError, match=r"AddressSanitizer|runtime error"):
        results(run, model(T=36))


#: Mistakes by what they are: a piece of the source, what stands there instead, and a model that shows it.
WRONG: dict[str, tuple[str, str, dict[str, Any]]] = {
    "small keys are kept as large ones": (
        "__any_sync(ALL, size > 1) +",
        "1 +",
        {"scale": 1e-3, "dtype": "float32"},
    ),
    "far keys are kept as exponentials": ("__any_sync(ALL, size > BIGGEST_NEAR_KEY)", "0", {"scale": 1e3}),
    "ties go to the newer slot": ("return i < j;", "return i > j;", {"sparsifier": "softmax", "flat": True}),
    "a bar one too high": ("rank == k - 1)", "rank == k - 2)", {"T": 45}),
    "a bar that keeps itself out": (
        "!before(bar, bar_index, value, j)",
        "before(value, j, bar, bar_index)",
        {"T": 45},
    ),
    "a candidate's place for its index": ("some == a ? i : scratch.indices[i]", "i", {"T": 45}),
    "theta is not differentiated": ("if (i == sums.last) da -= sums.total;", "", {}),
    "theta one rank too low": ("theta = list.a[min(plan.rank, n) - (plan.rank > 0)]", "theta = list.a[n - 2]", {}),
    "no eps in the way back": ("sums.best * (plan.eps / *list.S)", "0", {"eps": 0.1}),
    "temperature forgotten on the way back": (
        "dz / plan.temperature",
        "dz",
        {"preset": "self_attention", "temperature": 2.0},
    ),
    "raw weights are normalised": ("rule == RAW ? list.a[i] : w", "w", {"preset": "dev2018"}),
    "keys from the state before": ("new_key(W_m, near.m[before]", "new_key(W_m, near.m[t % 2]", {}),
    "tanh forgotten in the separable key": ("return ADDITIVE ? m : tanh(m)", "return m", {"preset": "released"}),
    "its slope forgotten": ("if (ADDITIVE) return 1;", "return 1;", {"preset": "released"}),
    "summary missing in ds": ("level == plan.loss_level ? left.ds_loss", "level < 0 ? left.ds_loss", {}),
    "a gate's slope": ("df * f * (1 - f)", "df * f", {"preset": "lstm"}),
    "levels do not move": (
        "level < plan.bounded ? level - 1 : level",
        "level",
        {"truncation": "sliding", "k_trunc": 2},
    ),
    "segments are not cut": ("% plan.k_trunc == 0;", "% plan.k_trunc == 99;", {"k_trunc": 2}),
    "the slot of the initial state forgotten": ("if (j >= 0) dh +=", "if (j > 0) dh +=", {"preset": "dev2018"}),
    "every slot sends gradient": ("return !SENDS_FEW ||", "return true ||", {"preset": "sab2017", "k_back": 2}),
    "the last that sends gradient does not": (
        "!before(*list.last_a, *list.last_sent, list.a[i], i)",
        "before(list.a[i], i, *list.last_a, *list.last_sent)",
        {"preset": "sab2017", "k_back": 2},
    ),
    "memories send what their scores do not": ("if (!credited) continue;", "", {"preset": "sab2017", "k_back": 2}),
    "scores send what their memories do not": (
        "if (!sends(list, i)) continue;",
        "",
        {"preset": "sab2017", "k_back": 2},
    ),
    "score_grad ignored": ("if (plan.score_grad)\n", "if (true)\n", {"score_grad": False}),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_kernels_are_rejected_by_their_numbers(emulation, mistake, tally):
    right, wrong, fields = *WRONG[mistake][:2], dict(WRONG[mistake][2])
    assert right in source(), "the source has changed"
    emulation.source = source().replace(right, wrong)
    flat = fields.pop("flat", False)
    shown = model(**{"T": 9, **fields})
    if flat:
        shown.params["w_a"][:] = 0
    with np.errstate(all="ignore"):
        rejected = disagreements(shown, results(run, shown))
    assert rejected, "nothing tells it from the right kernel"
    tally("wrong CUDA kernels", mistake, [line.partition(":")[0] for line in rejected])


def compiled(preset: str, dtype: str, arch: str, shared_limit: int) -> tuple[Build, str, str]:
    """A model of H = 128 through NVRTC: its build, what ptxas says, and its PTX."""
    nvrtc = pytest.importorskip("cupy", reason="no CuPy to call NVRTC with").cuda.nvrtc
    sizes = {"input_size": 10, "hidden_size": 128, "output_size": 10}
    given = dict.fromkeys(left_to_caller(preset), 10)
    build = make_build(SABConfig.preset(preset, **sizes, **given), dtype, shared_limit)
    assert build is not None
    program = nvrtc.createProgram(source(), "sabcore.cu", (), ())
    try:
        nvrtc.compileProgram(program, (f"-arch={arch}", "--std=c++17", "--ptxas-options=-v", *build.options))
    except nvrtc.NVRTCError:
        pytest.fail(nvrtc.getProgramLog(program))
    return build, nvrtc.getProgramLog(program), nvrtc.getPTX(program).decode()


#: Shared memory that a block can have on a Hopper card and on an Ampere one.
ARCHES = {"sm_90": 227 * 1024, "sm_80": 163 * 1024}
COMPILED = [*((preset, "float32", "sm_90") for preset in PRESETS), ("paper", "float32", "sm_80")]
MORE = [(preset, dtype, arch) for preset in PRESETS for dtype in ("float32", "float64") for arch in ARCHES]


@pytest.mark.parametrize(
    ("preset", "dtype", "arch"),
    [*COMPILED, *(pytest.param(*more, marks=pytest.mark.long) for more in MORE if more not in COMPILED)],
)
def test_nvrtc_compiles_without_spills(preset, dtype, arch):
    build, log, ptx = compiled(preset, dtype, arch, ARCHES[arch])
    kernels = re.findall(
        r"Function properties for (\w+).*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
        r".*?Used (\d+) registers",
        log,
        re.DOTALL,
    )
    assert {name for name, *_ in kernels} == {"forward", "backward", "topk"}
    for name, *numbers in kernels:
        stack, stores, loads, registers = map(int, numbers)
        assert (stack, stores, loads) == (0, 0, 0), f"{name} spills"
        assert registers * (build.THREADS if name != "topk" else 32) <= 65536
    assert max(build.FORWARD_BYTES, build.BACKWARD_BYTES) <= ARCHES[arch]
    if dtype == "float32":
        assert not re.findall(r"\S*\.f64\S*", ptx), "float64 in a float32 kernel"


def test_the_source_keeps_the_names_of_its_files():
    assert re.findall(r'#line 1 "(\w+)\.cu"', source()) == FILES
