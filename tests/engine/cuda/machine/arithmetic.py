"""What an instruction computes from registers alone, as a function of NumPy arrays with one element for each thread.

Exact, but for these. A fused multiply-add of float32 is rounded to float64 before it is rounded to float32; one of
float64 is computed in NumPy's long double, 64 bits of mantissa on x86. Approximate functions are more exact here than
on a GPU, except tanh.approx.f32 and rcp.approx.ftz.f64, whose results have no more bits than the hardware's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.engine.cuda.machine.parse import TYPES, Instruction

Array = Any
Compute = Callable[..., Array]


class Operation(NamedTuple):
    """A function, and the types of its result and of its arguments."""

    compute: Compute
    result: str
    sources: tuple[str, ...]


def operation(ins: Instruction) -> Operation:
    """What `ins` does; its first operand is the result."""
    family = FAMILIES.get(ins.name)
    if family is None:
        raise ins.unsupported()
    made = family(ins)
    if len(made.sources) != len(ins.operands) - 1:
        raise ins.unsupported(f"{ins.name} with {len(ins.operands)} operands")
    return made


def _only(ins: Instruction, *known: str) -> None:
    """Refuse a flag that would change the meaning."""
    if unknown := [flag for flag in ins.flags if flag not in known]:
        raise ins.unsupported(f"{ins.name} with {', '.join(unknown)}")


def _flushed(x: Array) -> Array:
    """Subnormal numbers become zero."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(x.dtype.type(0), x), x)


def _saturated(x: Array) -> Array:
    return np.where(np.isnan(x), 0, np.clip(x, 0, 1))


def _rounded(ins: Instruction, of: str, compute: Compute, count: int, *flags: str) -> Operation:
    """A function of `count` floats; with flushing and saturation, rounded to nearest."""
    _only(ins, "rn", "ftz", "sat", *flags)
    if "ftz" in ins.flags and of == "f32":
        exact = compute

        def compute(*xs: Array) -> Array:
            return _flushed(np.asarray(exact(*map(_flushed, map(np.float32, xs))), np.float32))

    if "sat" in ins.flags:
        unbounded = compute

        def compute(*xs: Array) -> Array:
            return _saturated(unbounded(*xs))

    return Operation(compute, of, (of,) * count)


def _plain(of_integers: Compute, of_floats: Compute | None = None, count: int = 2, *flags: str) -> Callable:
    """A family that is one NumPy function, or one for integers and one for floats."""

    def family(ins: Instruction) -> Operation:
        of = ins.types[-1]
        if of[0] == "f":
            if of_floats is None:
                raise ins.unsupported()
            return _rounded(ins, of, of_floats, count, *flags)
        _only(ins)
        return Operation(of_integers, of, (of,) * count)

    return family


def _special(compute: Compute) -> Callable:
    """A function of one float."""

    def family(ins: Instruction) -> Operation:
        return _rounded(ins, ins.types[-1], compute, 1, "approx")

    return family


def _tanh(ins: Instruction) -> Operation:
    """With as many bits as tanh.approx has: a relative error of 2^-11."""

    def tanh(x: Array) -> Array:
        mantissa, exponent = np.frexp(np.tanh(x))
        return np.ldexp(np.rint(mantissa * 2048) / 2048, exponent)

    return _rounded(ins, "f32", tanh, 1, "approx")


def _rcp(ins: Instruction) -> Operation:
    if ins.types == ("f64",) and "approx" in ins.flags:
        _only(ins, "approx", "ftz")
        high = np.uint64(0xFFFFFFFF00000000)

        def coarse(x: Array) -> Array:
            seen = (np.asarray(x).view(np.uint64) & high).view(np.float64)
            return (np.asarray(_flushed(1 / _flushed(seen))).view(np.uint64) & high).view(np.float64)

        return Operation(coarse, "f64", ("f64",))
    return _rounded(ins, ins.types[-1], lambda x: 1 / x, 1, "approx")


def _copysign(ins: Instruction) -> Operation:
    return Operation(lambda sign, x: np.copysign(x, sign), ins.types[0], ins.types * 2)


def _extreme(of_integers: Compute, of_floats: Compute, with_nan: Compute) -> Callable:
    """min or max: of a number and NaN it is the number, unless .NaN."""

    def family(ins: Instruction) -> Operation:
        return _plain(of_integers, with_nan if "NaN" in ins.flags else of_floats, 2, "NaN")(ins)

    return family


def _wide(of: str) -> np.dtype:
    """The integer type of twice as many bits."""
    return np.dtype(f"{'int' if of[0] == 's' else 'uint'}{2 * int(of[1:])}")


def _high(a: Array, b: Array, of: str) -> Array:
    """The upper half of a product of integers."""
    bits = int(of[1:])
    if bits < 64:
        return (np.multiply(a, b, dtype=_wide(of)) >> bits).astype(TYPES[of])
    product = np.asarray(a).astype(object) * np.asarray(b).astype(object)
    return (product >> 64).astype(TYPES[of])


def _product(ins: Instruction) -> tuple[Compute, str]:
    """mul's function of two integers, and the type of its result."""
    of = ins.types[-1]
    _only(ins, "lo", "hi", "wide")
    if "wide" in ins.flags:
        to = _wide(of)
        return lambda a, b: np.multiply(a, b, dtype=to), f"{of[0]}{2 * int(of[1:])}"
    if "hi" in ins.flags:
        return lambda a, b: _high(a, b, of), of
    return np.multiply, of


def _mul(ins: Instruction) -> Operation:
    if ins.types[-1][0] == "f":
        return _rounded(ins, ins.types[-1], np.multiply, 2)
    compute, to = _product(ins)
    return Operation(compute, to, ins.types * 2)


def _mad(ins: Instruction) -> Operation:
    if ins.types[-1][0] == "f":
        return _fma(ins)
    compute, to = _product(ins)
    return Operation(lambda a, b, c: compute(a, b) + c, to, (*ins.types * 2, to))


def fma32(a: Array, b: Array, c: Array) -> Array:
    """a b + c in float64, where the product is exact."""
    return np.multiply(a, b, dtype=np.float64) + c


def fma64(a: Array, b: Array, c: Array) -> Array:
    """a b + c in long double."""
    return np.multiply(a, b, dtype=np.longdouble) + c


def _below(x: Array) -> Array:
    """The largest float32 that is not above x, a float64."""
    near = np.asarray(x).astype(np.float32)
    return np.where(near > x, np.nextafter(near, np.float32(-np.inf)), near)


def _above(x: Array) -> Array:
    near = np.asarray(x).astype(np.float32)
    return np.where(near < x, np.nextafter(near, np.float32(np.inf)), near)


def _fma(ins: Instruction) -> Operation:
    of = ins.types[-1]
    directed = {"rm": _below, "rp": _above}
    if of == "f32" and (found := [flag for flag in ins.flags if flag in directed]):
        _only(ins, *directed)
        towards = directed[found[0]]
        return Operation(lambda a, b, c: towards(fma32(a, b, c)), of, (of,) * 3)
    return _rounded(ins, of, fma32 if of == "f32" else fma64, 3)


def _truncated_quotient(a: Array, b: Array) -> Array:
    return (a - np.fmod(a, b)) // b


def _div(ins: Instruction) -> Operation:
    of = ins.types[-1]
    if of[0] == "f":
        return _rounded(ins, of, np.divide, 2, "full", "approx")
    _only(ins)
    return Operation(_truncated_quotient if of[0] == "s" else np.floor_divide, of, (of,) * 2)


def _logic(of_bits: Compute) -> Callable:
    def family(ins: Instruction) -> Operation:
        _only(ins)
        return Operation(of_bits, ins.types[0], ins.types * 2)

    return family


def _not(ins: Instruction) -> Operation:
    return Operation(np.logical_not if ins.types == ("pred",) else np.invert, ins.types[0], ins.types)


def _shift(ins: Instruction) -> Operation:
    """Shifts by a u32; by so many bits or more, nothing is left but the sign."""
    of = ins.types[0]
    _only(ins)
    bits, left = int(of[1:]), ins.name == "shl"
    dtype, shift = TYPES[of], np.left_shift if left else np.right_shift

    def compute(a: Array, by: Array) -> Array:
        shifted = shift(a, np.minimum(by, bits - 1).astype(dtype))
        if of[0] == "s" and not left:
            return shifted
        return np.where(by < bits, shifted, dtype.type(0))

    return Operation(compute, of, (of, "u32"))


def _funnel(ins: Instruction) -> Operation:
    """shf: 64 bits, the upper half second, shifted by c; the upper half of what is shifted left, or the lower."""
    _only(ins, "l", "r", "wrap", "clamp")

    def compute(low: Array, high: Array, by: Array) -> Array:
        by = (by & np.uint32(31) if "wrap" in ins.flags else np.minimum(by, np.uint32(32))).astype(np.uint64)
        both = np.asarray(high).astype(np.uint64) << np.uint64(32) | np.asarray(low).astype(np.uint64)
        half = both << by >> np.uint64(32) if "l" in ins.flags else both >> by
        return (half & np.uint64(0xFFFFFFFF)).astype(np.uint32)

    return Operation(compute, "b32", ("b32", "b32", "u32"))


def _field(ins: Instruction) -> Operation:
    """bfe and bfi: a field of so many bits from a position on, read or replaced."""
    of = ins.types[0]
    bits, one = np.uint64(of[1:]), np.uint64(1)

    def ones(count: Array) -> Array:
        return np.where(count >= 64, np.uint64(2**64 - 1), (one << np.minimum(count, np.uint64(63))) - one)

    def unsigned(x: Array) -> Array:
        return np.asarray(x).astype(TYPES[f"u{of[1:]}"]).astype(np.uint64)

    def extract(a: Array, position: Array, length: Array) -> Array:
        position, length = unsigned(position) & np.uint64(255), unsigned(length) & np.uint64(255)
        a = unsigned(a)
        field = np.where(position < bits, a >> np.minimum(position, np.uint64(63)), 0) & ones(length)
        if of[0] == "s":
            last = np.minimum(position + np.maximum(length, one) - one, bits - one)
            sign = (a >> last & one).astype(bool) & (length > 0)
            field |= np.where(sign, ~ones(np.minimum(length, np.where(position < bits, bits - position, 0))), 0)
        return field.astype(TYPES[of])

    def insert(a: Array, b: Array, position: Array, length: Array) -> Array:
        position, length = unsigned(position) & np.uint64(255), unsigned(length) & np.uint64(255)
        where = np.where(position < bits, ones(length) << np.minimum(position, np.uint64(63)), np.uint64(0))
        moved = unsigned(a) << np.minimum(position, np.uint64(63))
        return (moved & where | unsigned(b) & ~where).astype(TYPES[of])

    return Operation(extract, of, (of, "u32", "u32")) if ins.name == "bfe" else Operation(
        insert, of, (of, of, "u32", "u32"))  # fmt: skip


def _permute(ins: Instruction) -> Operation:
    """prmt: each byte of the result is one of eight, or its sign eight times."""
    _only(ins)

    def compute(a: Array, b: Array, selector: Array) -> Array:
        a, b, selector = np.broadcast_arrays(a, b, selector)
        source = np.stack([x.astype("<u4") for x in (a, b)], -1).view(np.uint8)
        result = np.empty((*a.shape, 4), np.uint8)
        for i in range(4):
            code = selector >> np.uint32(4 * i) & np.uint32(15)
            byte = np.take_along_axis(source, (code & np.uint32(7)).astype(np.int64)[..., None], -1)[..., 0]
            result[..., i] = np.where(code & 8, np.where(byte & 128, 255, 0), byte)
        return result.view("<u4")[..., 0]

    return Operation(compute, "b32", ("b32",) * 3)


def _lookup(ins: Instruction) -> Operation:
    """lop3: any function of three bits, by its table."""
    table = ins.operands[4].value

    def compute(a: Array, b: Array, c: Array, _: Array) -> Array:
        result = np.uint32(0)
        for row in range(8):
            if table >> row & 1:
                result = result | (a if row & 4 else ~a) & (b if row & 2 else ~b) & (c if row & 1 else ~c)
        return result

    return Operation(compute, "b32", ("b32",) * 4)


def _clz(ins: Instruction) -> Operation:
    bits = int(ins.types[0][1:])

    def compute(a: Array) -> Array:
        a, count = np.asarray(a).copy(), np.zeros(np.shape(a), np.uint32)
        for _ in range(bits):
            count += (a == 0) & (count < bits)
            a >>= np.array(1, a.dtype)
        return count

    return Operation(compute, "u32", ins.types)


def _brev(ins: Instruction) -> Operation:
    of, bits = TYPES[ins.types[0]], int(ins.types[0][1:])

    def compute(a: Array) -> Array:
        return sum((((a >> of.type(i)) & of.type(1)) << of.type(bits - 1 - i) for i in range(bits)), of.type(0))

    return Operation(compute, ins.types[0], ins.types)


def _comparison(name: str, of: str) -> Compute:
    """setp's question, with NaN as PTX has it: plain names are false with NaN, those with a `u` true."""
    ordered = {"eq": np.equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
    unsigned = {"lo": np.less, "ls": np.less_equal, "hi": np.greater, "hs": np.greater_equal}
    opposite = {"ltu": "ge", "leu": "gt", "gtu": "le", "geu": "lt"}
    if name in ordered:
        return ordered[name]
    if of[0] != "f":
        return unsigned[name] if name in unsigned else {"ne": np.not_equal}[name]
    if name in opposite:
        other = ordered[opposite[name]]
        return lambda a, b: ~other(a, b)
    others: dict[str, Compute] = {
        "neu": np.not_equal,
        "ne": lambda a, b: np.less(a, b) | np.greater(a, b),
        "equ": lambda a, b: ~(np.less(a, b) | np.greater(a, b)),
        "num": lambda a, b: np.equal(a, a) & np.equal(b, b),
        "nan": lambda a, b: np.not_equal(a, a) | np.not_equal(b, b),
    }
    return others[name]


def _setp(ins: Instruction) -> Operation:
    """One predicate; `setp p|q` is split in two by `unpaired`."""
    of = ins.types[-1]
    flags = [flag for flag in ins.flags if flag != "ftz"]
    try:
        compare = _comparison(flags[0], of)
    except KeyError:
        raise ins.unsupported(f"setp.{flags[0]}.{of}") from None
    if "ftz" in ins.flags:
        exact = compare

        def compare(a: Array, b: Array) -> Array:
            return exact(_flushed(np.asarray(a)), _flushed(np.asarray(b)))

    if len(flags) == 1:
        return Operation(compare, "pred", (of, of))
    join = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[flags[1]]
    return Operation(lambda a, b, p: join(compare(a, b), p), "pred", (of, of, "pred"))


def _selp(ins: Instruction) -> Operation:
    of = ins.types[0]
    return Operation(lambda a, b, p: np.where(p, a, b), of, (of, of, "pred"))


def _mov(ins: Instruction) -> Operation:
    return Operation(lambda a: a, ins.types[0], ins.types)


_ROUND = {"ni": np.rint, "zi": np.trunc, "mi": np.floor, "pi": np.ceil}


def _cvt(ins: Instruction) -> Operation:
    """From one type to another; floats become integers by the rounding named, saturated, NaN becomes 0."""
    to, of = ins.types
    _only(ins, "rn", "ftz", "sat", "rm", "rp", "rz", *(f"r{how}" for how in _ROUND))
    dtype = TYPES[to]
    whole = next((_ROUND[flag[1:]] for flag in ins.flags if flag[1:] in _ROUND), None)
    if of[0] != "f":
        if "sat" in ins.flags or any(flag in ins.flags for flag in ("rm", "rp", "rz")):
            raise ins.unsupported(f"cvt.{'.'.join(ins.flags)}")
        return Operation(lambda a: np.asarray(a).astype(dtype), to, (of,))
    if to[0] != "f":
        if whole is None:
            raise ins.unsupported("cvt without a rounding")
        limits = np.iinfo(dtype)
        if dtype.itemsize == 8:  # no float is the largest integer: the next below, and what is above it apart
            most = np.nextafter(TYPES[of].type(2.0) ** (63 if to[0] == "s" else 64), TYPES[of].type(0))
        else:
            most = limits.max

        def to_integer(a: Array) -> Array:
            a = np.asarray(a)
            rounded = np.clip(whole(np.where(np.isnan(a), 0, a).astype(np.float64)), limits.min, most)
            exact = rounded.astype(dtype)
            return (
                np.where(a >= 2.0 ** (63 if to[0] == "s" else 64), limits.max, exact) if dtype.itemsize == 8 else exact
            )

        return Operation(to_integer, to, (of,))
    narrowed = {"rm": _below, "rp": _above} if (of, to) == ("f64", "f32") else {}
    if directed := [flag for flag in ins.flags if flag in ("rm", "rp", "rz")]:
        if directed[0] not in narrowed:
            raise ins.unsupported(f"cvt.{directed[0]}")
        return Operation(narrowed[directed[0]], to, (of,))

    def to_float(a: Array) -> Array:
        result = np.asarray(a if whole is None else whole(a)).astype(dtype)
        result = _flushed(result) if "ftz" in ins.flags else result
        return _saturated(result) if "sat" in ins.flags else result

    return Operation(to_float, to, (of,))


def _testp(ins: Instruction) -> Operation:
    tests: dict[str, Compute] = {
        "finite": np.isfinite,
        "infinite": np.isinf,
        "notanumber": np.isnan,
        "number": lambda a: ~np.isnan(a),
    }
    if ins.flags[0] not in tests:
        raise ins.unsupported(f"testp.{ins.flags[0]}")
    return Operation(tests[ins.flags[0]], "pred", ins.types)


FAMILIES: dict[str, Callable[[Instruction], Operation]] = {
    "add": _plain(np.add, np.add),
    "sub": _plain(np.subtract, np.subtract),
    "mul": _mul,
    "mad": _mad,
    "fma": _fma,
    "div": _div,
    "rem": _plain(np.fmod),
    "min": _extreme(np.minimum, np.fmin, np.minimum),
    "max": _extreme(np.maximum, np.fmax, np.maximum),
    "abs": _plain(np.abs, np.abs, 1),
    "neg": _plain(np.negative, np.negative, 1),
    "and": _logic(np.bitwise_and),
    "or": _logic(np.bitwise_or),
    "xor": _logic(np.bitwise_xor),
    "not": _not,
    "shl": _shift,
    "shr": _shift,
    "shf": _funnel,
    "bfe": _field,
    "bfi": _field,
    "prmt": _permute,
    "lop3": _lookup,
    "popc": lambda ins: Operation(np.bitwise_count, "u32", ins.types),
    "clz": _clz,
    "brev": _brev,
    "copysign": _copysign,
    "ex2": _special(np.exp2),
    "lg2": _special(np.log2),
    "sin": _special(np.sin),
    "cos": _special(np.cos),
    "sqrt": _special(np.sqrt),
    "rsqrt": _special(lambda x: 1 / np.sqrt(x)),
    "rcp": _rcp,
    "tanh": _tanh,
    "testp": _testp,
    "setp": _setp,
    "selp": _selp,
    "mov": _mov,
    "cvt": _cvt,
}
