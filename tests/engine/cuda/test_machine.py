"""The machine for PTX: it accepts what is right, rejects what is wrong, and counts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.engine.cuda.machine import (
    AddressError,
    BlocksError,
    DeadlockError,
    EndlessError,
    Kernel,
    KernelError,
    LaunchError,
    RaceError,
    UnsupportedError,
    UnwrittenError,
)


def kernel(body: str, before: str = "", bound: str = "") -> Kernel:
    """A kernel of a, b and n; its %rd1 and %rd2 are these addresses, %r1 the thread, %rd3 its own in a, %rd4 in b."""
    return Kernel(f"""
.version 9.0
.target sm_90
.address_size 64
{before}
.extern .shared .align 4 .b8 pool[];
.visible .entry test(.param .u64 a, .param .u64 b, .param .u32 n) {bound}
{{
    .reg .pred %p<9>; .reg .f32 %f<9>; .reg .f64 %fd<9>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .b16 %rs<9>;
    ld.param.u64 %rd1, [a];
    ld.param.u64 %rd2, [b];
    ld.param.u32 %r2, [n];
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd5, %r1, 4;
    add.s64 %rd3, %rd1, %rd5;
    add.s64 %rd4, %rd2, %rd5;
    {body}
$done:
    ret;
}}
""")


def run(body: str, a: Any = None, b: Any = None, n: int = 0, *, threads: int = 64, blocks: int = 1, **more: Any) -> Any:
    """Run a kernel of that body; a and b are zeros unless given."""
    shared = more.pop("shared", 1024)
    a = np.zeros(threads, np.int32) if a is None else a
    b = np.zeros(threads, np.int32) if b is None else b
    return kernel(body, **more).run(blocks, threads, [a, b, n], shared)


#: A thread's own word of shared memory at %rd6, its neighbour's at %rd7, which is beyond the end for the last.
SHARED = "mov.u64 %rd6, pool; add.s64 %rd6, %rd6, %rd5; add.s64 %rd7, %rd6, 4;"
PUT = SHARED + "st.shared.u32 [%rd6], %r1;"
#: The neighbour's word, or the thread's own if it is the last of the block, or of its warp.
NEXT = "add.s32 %r3, %r1, 1; setp.eq.u32 %p1, %r3, %r2; selp.b64 %rd7, %rd6, %rd7, %p1;"
NEXT_IN_WARP = "and.b32 %r3, %r1, 31; setp.eq.u32 %p1, %r3, 31; selp.b64 %rd7, %rd6, %rd7, %p1;"
GET = "ld.shared.u32 %r4, [%rd7]; st.global.u32 [%rd3], %r4;"


def test_threads_go_different_ways_and_meet_again():
    a, b = np.zeros(64, np.int32), np.arange(64, dtype=np.int32)
    run(
        """
        ld.global.u32 %r3, [%rd4];
        mov.u32 %r4, 0;
    $loop:
        setp.eq.u32 %p1, %r3, 0;
        @%p1 bra $out;
        add.s32 %r4, %r4, %r3;
        sub.s32 %r3, %r3, 1;
        bra.uni $loop;
    $out:
        bar.sync 0;
        st.global.u32 [%rd3], %r4;
        """,
        a,
        b,
    )
    np.testing.assert_array_equal(a, b * (b + 1) // 2)


def test_a_neighbours_word_needs_a_barrier():
    a = np.zeros(64, np.int32)
    run(PUT + NEXT + "bar.sync 0;" + GET, a, n=64)
    np.testing.assert_array_equal(a, np.minimum(np.arange(64) + 1, 63))
    with pytest.raises(
        RaceError, match=r"thread \d+ reads byte \d+ of shared memory, which thread \d+ wrote .*block 0"
    ):
        run(PUT + NEXT + GET, n=64)


def test_in_a_warp_its_own_barrier_is_enough_and_across_warps_it_is_not():
    run(PUT + NEXT_IN_WARP + "bar.warp.sync -1;" + GET, n=64)
    with pytest.raises(RaceError):
        run(PUT + NEXT_IN_WARP + GET, n=64)
    with pytest.raises(RaceError, match="thread 31 reads"):
        run(PUT + NEXT + "bar.warp.sync -1;" + GET, n=64)


@pytest.mark.parametrize("read", ["ld.shared.u32 %r4, [%rd7];", "ld.shared.u32 %r4, [pool];"])
def test_a_write_after_others_have_read_needs_a_barrier(read):
    good = PUT + NEXT + "bar.sync 0;" + read + "bar.sync 0; st.shared.u32 [%rd6], %r4;"
    run(good, n=64)
    with pytest.raises(RaceError, match=r"writes byte \d+ of shared memory, which .* read"):
        run(good.replace("bar.sync 0; st", "st"), n=64)


def test_a_reader_before_a_warps_barrier_is_forgotten_by_its_warp_alone():
    read_by_all = PUT + "bar.sync 0; ld.shared.u32 %r4, [pool+4]; bar.warp.sync -1; setp.ne.u32 %p2, %r1, 1;"
    write = "@%p2 bra $done; st.shared.u32 [pool+4], %r1;"
    run(read_by_all + write, threads=32)
    with pytest.raises(RaceError, match="which threads of several warps read"):
        run(read_by_all + write, threads=64)
    with pytest.raises(RaceError, match="which several threads of warp 0 read"):
        run(read_by_all.replace("bar.warp.sync -1;", "") + write, threads=32)


def test_two_threads_write_one_word():
    with pytest.raises(RaceError, match="in one instruction"):
        run("st.global.u32 [%rd1], 7;")
    run("setp.ne.u32 %p1, %r1, 5; @%p1 bra $done; st.global.u32 [%rd1], 7;")


def test_global_memory_has_races_too():
    swap = "st.global.u32 [%rd3], %r1; bar.sync 0; ld.global.u32 %r3, [%rd1+8]; st.global.u32 [%rd4], %r3;"
    b = np.zeros(64, np.int32)
    run(swap, b=b)
    assert (b == 2).all()
    with pytest.raises(RaceError, match=r"of the array at parameter 0, int32 \(64\)"):
        run(swap.replace("bar.sync 0;", ""))


def test_blocks_share_nothing_that_one_of_them_writes():
    own = "mov.u32 %r3, %ctaid.x; mul.wide.u32 %rd6, %r3, 256; add.s64 %rd6, %rd6, %rd3; st.global.u32 [%rd6], %r1;"
    run("ld.global.u32 %r4, [%rd4];" + own, a=np.zeros(128, np.int32), blocks=2)
    with pytest.raises(BlocksError, match=r"another block has written.*block 1"):
        run("st.global.u32 [%rd3], %r1;", blocks=2)
    first_reads = "mov.u32 %r3, %ctaid.x; setp.eq.u32 %p1, %r3, 0; @%p1 bra $read; st.global.u32 [%rd3], 1; bra $done;"
    with pytest.raises(BlocksError, match="another block has read"):
        run(first_reads + "$read: ld.global.u32 %r4, [%rd3];", blocks=2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ld.global.u32 %r3, [%rd3+4];", r"thread 63 .* byte 256 on of the array at parameter 0, .*, which has 256"),
        ("ld.global.u32 %r3, [%rd1+-4];", "from byte -4 on"),
        ("ld.global.u32 %r3, [%rd1+2];", "misaligned"),
        ("ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd1+8];", "misaligned"),
        ("ld.u32 %r3, [%rd5];", "where there is no"),
        ("mov.u64 %rd6, pool; cvta.shared.u64 %rd6, %rd6; ld.global.u32 %r3, [%rd6];", "no global memory"),
        (SHARED + "st.shared.u32 [%rd7+768], %r1;", "byte 1024 on of shared memory, which has 1024"),
        ("ld.local.u32 %r3, [stack+16];", "of local memory, which has 16"),
    ],
)  # fmt: skip
def test_accesses_outside_memory(body, message):
    with pytest.raises(AddressError, match=message):
        run(body, before=".local .align 8 .b8 stack[16];")


def test_memory_that_nobody_wrote():
    stack = ".local .align 8 .b8 stack[16];"
    a = np.zeros(64, np.int32)
    run("st.local.u32 [stack+4], %r1; ld.local.u32 %r3, [stack+4]; st.global.u32 [%rd3], %r3;", a, before=stack)
    np.testing.assert_array_equal(a, np.arange(64))
    with pytest.raises(UnwrittenError, match="byte 0 of its local memory"):
        run("st.local.u32 [stack+4], %r1; ld.local.u64 %rd6, [stack];", before=stack)
    with pytest.raises(UnwrittenError, match="thread 0 reads byte 0 of shared memory"):
        run(SHARED + "ld.shared.u32 %r3, [%rd6];")


def test_barriers_that_somebody_misses():
    with pytest.raises(DeadlockError, match="have left"):
        run("setp.eq.u32 %p1, %r1, 3; @%p1 bra $done; bar.sync 0;")
    with pytest.raises(DeadlockError, match="others wait at line"):
        run("setp.eq.u32 %p1, %r1, 3; @%p1 bra $other; bar.sync 0; bra $done;\n$other: bar.sync 0;")
    with pytest.raises(DeadlockError, match="have left"):
        run("setp.eq.u32 %p1, %r1, 3; @%p1 bra $done; bar.warp.sync -1;")
    run("setp.ge.u32 %p1, %r1, 32; @%p1 bra $done; bar.warp.sync -1;")


def test_a_kernel_without_end():
    with pytest.raises(EndlessError):
        kernel("$on: bra $on;").run(1, 32, [np.zeros(1), np.zeros(1), 0], limit=100)


def test_what_is_not_known_is_refused():
    with pytest.raises(UnsupportedError, match=r"frobnicate.*PTX line 1[0-9]"):
        run("frobnicate.u32 %r3, %r1;")
    with pytest.raises(UnsupportedError, match="rz"):
        run("add.rz.f32 %f1, %f2, %f3;")
    with pytest.raises(UnsupportedError, match="what is %q"):
        run("add.s32 %r3, %q, 1;")


def test_launches_that_cannot_be():
    args = [np.zeros(1), np.zeros(1), 0]
    with pytest.raises(LaunchError, match="128 threads, but should be 1 to 64"):
        kernel("", bound=".maxntid 64, 1, 1").run(1, 128, args)
    with pytest.raises(LaunchError, match="2 arguments, but should be 3"):
        kernel("").run(1, 32, args[:2])
    with pytest.raises(LaunchError, match="shared memory"):
        kernel("").run(1, 32, args, 300_000)
    with pytest.raises(LaunchError, match="parameter 2 is u32"):
        kernel("").run(1, 32, [*args[:2], 0.5])


def computed(instructions: str, x: np.ndarray, out: str = "%r3") -> np.ndarray:
    """What instructions leave in a register of 32 bits; %r3 is x at first."""
    a = np.zeros_like(x)
    run(
        f"ld.global.b32 %r3, [%rd4]; mov.b32 %f1, %r3; {instructions} st.global.b32 [%rd3], {out};",
        a,
        x,
        threads=len(x),
    )
    return a


def test_integers_are_exact():
    x = np.array([0, 1, -1, 7, -7, 2**31 - 1, -(2**31), 12345678], np.int32)
    wide, u = x.astype(np.int64), x.view(np.uint32)
    for instructions, want in {
        "mul.hi.s32 %r3, %r3, 123456789;": wide * 123456789 >> 32,
        "mad.lo.s32 %r3, %r3, 3, %r3;": wide * 4,
        "div.s32 %r3, %r3, 3;": np.trunc(wide / 3),
        "rem.s32 %r3, %r3, 3;": np.fmod(wide, 3),
        "shr.s32 %r3, %r3, 40;": wide >> 40,
        "shr.u32 %r3, %r3, 40;": 0 * wide,
        "shl.b32 %r3, %r3, 3;": wide << 3,
        "bfe.u32 %r3, %r3, 4, 8;": u >> 4 & 255,
        "bfe.s32 %r3, %r3, 4, 8;": (u >> 4 & 255).astype(np.int8),
        "bfi.b32 %r3, %r3, 0, 8, 4;": (wide & 15) << 8,
        "shf.l.wrap.b32 %r3, %r3, %r3, 8;": u << 8 | u >> 24,
        "prmt.b32 %r3, %r3, 0, 0x0123;": x.byteswap(),
        "prmt.b32 %r3, %r3, 0, 0xBBBB;": wide >> 31,
        "popc.b32 %r3, %r3;": [bin(int(each)).count("1") for each in u],
        "clz.b32 %r3, %r3;": [32 - int(each).bit_length() for each in u],
        "cvt.s32.s8 %r3, %r3;": x.astype(np.int8),
        "cvt.s64.s32 %rd6, %r3; cvt.u32.u64 %r3, %rd6;": wide,
        "lop3.b32 %r3, %r3, 255, %r3, 0x3c;": x ^ 255,
    }.items():
        found = computed(instructions, x)
        np.testing.assert_array_equal(found, np.asarray(want).astype(np.int64).astype(np.int32), instructions)


def test_floats_are_exact():
    x = np.array([0.1, -2.5, 3e38, 1e-40, np.inf, np.nan, 0.5, -1e-3], np.float32)
    near = np.float32(0.1) * np.float64(x) + np.float64(x)
    for instructions, want in {
        "fma.rn.f32 %f2, %f1, 0f3DCCCCCD, %f1;": near,
        "max.f32 %f2, %f1, 0f3F000000;": np.fmax(x, np.float32(0.5)),
        "cvt.sat.f32.f32 %f2, %f1;": np.where(np.isnan(x), 0, np.clip(x, 0, 1)),
        "add.ftz.f32 %f2, %f1, 0f00000000;": np.where(abs(x) < 1e-38, 0, x),
        "copysign.f32 %f2, 0fBF800000, %f1;": -abs(x),
        "cvt.rmi.f32.f32 %f2, %f1;": np.floor(x),
        "cvt.rzi.s32.f32 %r4, %f1; mov.b32 %f2, %r4;": np.nan,
        "rcp.rn.f32 %f2, %f1;": 1 / x.astype(np.float64),
    }.items():
        with np.errstate(all="ignore"):
            found = computed(instructions, x, "%f2")
            if "rzi" in instructions:
                np.testing.assert_array_equal(found.view(np.int32), [0, -2, 2**31 - 1, 0, 2**31 - 1, 0, 0, 0])
            else:
                np.testing.assert_array_equal(found, np.asarray(want).astype(np.float32), instructions)


def test_a_float64_in_two_halves():
    x, a = np.linspace(-2, 2, 32), np.zeros(32)
    run(
        """
        shl.b64 %rd5, %rd5, 1; add.s64 %rd4, %rd2, %rd5; add.s64 %rd3, %rd1, %rd5;
        ld.global.f64 %fd1, [%rd4];
        { .reg .b32 %r<3>; mov.b64 {%r1, %r2}, %fd1; and.b32 %r2, %r2, 2147483647; mov.b64 %fd2, {%r1, %r2}; }
        fma.rn.f64 %fd3, %fd2, %fd2, 0d3FF0000000000000;
        st.global.f64 [%rd3], %fd3;
        """,
        a,
        x,
        threads=32,
    )
    np.testing.assert_array_equal(a, [float(Fraction(each) ** 2 + 1) for each in x])


def test_what_a_warp_does_together():
    lane = np.arange(32)
    for instructions, want in {
        "shfl.sync.down.b32 %r4, %r1, 1, 31, -1;": np.minimum(lane + 1, 31),
        "shfl.sync.up.b32 %r4, %r1, 2, 0, -1;": np.where(lane < 2, lane, lane - 2),
        "shfl.sync.bfly.b32 %r4, %r1, 16, 31, -1;": lane ^ 16,
        "shfl.sync.idx.b32 %r4, %r1, 3, 31, -1;": 0 * lane + 3,
        "shfl.sync.down.b32 %r4, %r1, 4, 0x181f, -1;": np.where(lane % 8 < 4, lane + 4, lane),
        "shfl.sync.down.b32 %r4|%p1, %r1, 1, 31, -1; selp.u32 %r4, 1, 0, %p1;": lane < 31,
        "setp.lt.u32 %p1, %r1, 4; vote.sync.ballot.b32 %r4, %p1, -1;": 0 * lane + 15,
        "setp.lt.u32 %p1, %r1, 4; vote.sync.any.pred %p2, %p1, -1; selp.u32 %r4, 1, 0, %p2;": 0 * lane + 1,
        "redux.sync.add.u32 %r4, %r1, -1;": 0 * lane + 496,
        "shr.u32 %r3, %r1, 3; match.any.sync.b32 %r4, %r3, -1;": 255 << (lane // 8 * 8),
    }.items():
        a = np.zeros(32, np.int32)
        run(instructions + "st.global.u32 [%rd3], %r4;", a, threads=32)
        np.testing.assert_array_equal(a, np.asarray(want).astype(np.uint32).view(np.int32), instructions)


def test_a_block_votes():
    a = np.zeros(64, np.int32)
    run("setp.eq.u32 %p1, %r1, 40; bar.red.or.pred %p2, 0, %p1; selp.u32 %r3, 1, 0, %p2; st.global.u32 [%rd3], %r3;", a)
    assert (a == 1).all()


def test_a_function_that_is_called():
    twice = """
    .func (.param .b32 out) twice(.param .b32 in)
    {
        .reg .b32 %r<3>;
        ld.param.u32 %r1, [in];
        add.s32 %r2, %r1, %r1;
        st.param.b32 [out+0], %r2;
        ret;
    }"""
    a = np.zeros(64, np.int32)
    call = (
        "{ .param .b32 to; .param .b32 back; st.param.b32 [to+0], %r; call.uni (back), twice, (to);"
        "ld.param.b32 %r3, [back+0]; }"
    )
    run(call.replace("%r;", "%r1;") + call.replace("%r;", "%r3;") + "st.global.u32 [%rd3], %r3;", a, before=twice)
    np.testing.assert_array_equal(a, 4 * np.arange(64))


def test_arrays_that_overlap_are_one():
    both = np.zeros(96, np.int32)
    with pytest.raises(RaceError, match=r"parameter 0, int32 .* and .* parameter 1"):
        run("st.global.u32 [%rd3], %r1; ld.global.u32 %r3, [%rd4];", both[:64], both[32:])


def test_constants_and_variables():
    a = np.zeros(64, np.int32)
    run(
        "and.b32 %r3, %r1, 3; mul.wide.u32 %rd6, %r3, 4; mov.u64 %rd7, table; add.s64 %rd7, %rd7, %rd6;"
        "ld.global.nc.u32 %r4, [%rd7]; st.global.u32 [%rd3], %r4;",
        a,
        before=".global .align 4 .u32 table[4] = {9, 8, 7, 6};",
    )
    np.testing.assert_array_equal(a, 9 - np.arange(64) % 4)


@pytest.mark.parametrize(
    ("stride", "wavefronts", "sectors"), [(4, 2, 8), (8, 4, 16), (128, 64, 64), (0, 2, 2), (132, 2, 64)]
)
def test_wavefronts_and_sectors(stride, wavefronts, sectors):
    memory = np.zeros(64 * 33, np.int32)
    fill = "mov.u32 %r4, 0; mov.u64 %rd6, pool; add.s64 %rd6, %rd6, %rd5; $fill: st.shared.u32 [%rd6], 0;" + (
        "add.s64 %rd6, %rd6, 256; add.s32 %r4, %r4, 1; setp.lt.u32 %p1, %r4, 33; @%p1 bra $fill; bar.sync 0;"
    )
    report = run(
        fill + f"mul.wide.u32 %rd6, %r1, {stride}; add.s64 %rd7, %rd2, %rd6; ld.global.u32 %r3, [%rd7];"
        "mov.u64 %rd7, pool; add.s64 %rd7, %rd7, %rd6; ld.shared.u32 %r3, [%rd7];",
        b=memory,
        shared=memory.nbytes,
    )
    assert (report.shared_loads, report.global_loads) == (2, 2)
    assert (report.wavefronts_loaded, report.sectors_loaded) == (wavefronts, sectors)
    assert report.wavefronts_stored == report.shared_stores == 66
    assert report.barriers == 1


def test_wide_accesses_take_more_wavefronts():
    memory = np.zeros(64 * 4, np.float32)
    report = run(
        "mul.wide.u32 %rd6, %r1, 16; mov.u64 %rd7, pool; add.s64 %rd7, %rd7, %rd6; add.s64 %rd8, %rd2, %rd6;"
        "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd8]; st.shared.v4.f32 [%rd7], {%f1, %f2, %f3, %f4};",
        b=memory,
    )
    assert (report.wavefronts_stored, report.sectors_loaded) == (8, 32)


def test_a_line_left_out():
    whole = kernel(PUT + NEXT + "\nbar.sync 0;\n" + GET)
    (barrier,) = whole.barriers()
    args = [np.zeros(64, np.int32), np.zeros(64, np.int32), 64]
    whole.run(1, 64, args, 256)
    with pytest.raises(KernelError):
        whole.without(barrier).run(1, 64, args, 256)
