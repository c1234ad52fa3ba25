"""From the text of PTX to a list of instructions, with the registers, parameters and variables that they name.

Only what NVVM writes is understood. A function that the kernel calls is copied to where it is called: see `inline`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tests.engine.cuda.machine.faults import UnsupportedError

#: Of each type, how NumPy holds it.
TYPES: dict[str, np.dtype] = {
    **{f"{kind}{bits}": np.dtype(f"{name}{bits}") for kind, name in (("u", "uint"), ("b", "uint"), ("s", "int"))
       for bits in (8, 16, 32, 64)},
    "f32": np.dtype("float32"),
    "f64": np.dtype("float64"),
    "pred": np.dtype("bool"),
}  # fmt: skip


class Address(NamedTuple):
    """`[base+offset]`; base is a register, a variable or a parameter, or "" for an absolute address."""

    base: str
    offset: int


class Immediate(NamedTuple):
    """A number in the text, as an integer or as a float's value."""

    value: int | float


#: A register or another name, an Immediate, an Address, or a tuple of these, which stood in braces.
Operand = Any


@dataclass(frozen=True)
class Instruction:
    """`@guard name.flags.types operands;` at a line; `fma.rn.f32` has the flags rn and the types f32."""

    line: int
    text: str
    name: str
    flags: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    operands: tuple[Operand, ...] = ()
    guard: str = ""
    unless: bool = False

    def unsupported(self, why: str = "") -> UnsupportedError:
        """The error to raise if the machine cannot execute this."""
        return UnsupportedError(f"unsupported: {why or self.name}", self.line, self.text)


@dataclass
class Variable:
    """Named memory: `space` is shared, local, global, const or param. `size` 0: as much as the launch gives."""

    name: str
    space: str
    size: int
    align: int = 1
    data: bytes = b""
    type: str = "b8"


@dataclass
class Function:
    """An .entry or .func. `labels` count instructions; `tables` are the targets of brx.idx."""

    name: str
    is_entry: bool
    params: list[Variable] = field(default_factory=list)
    results: list[Variable] = field(default_factory=list)
    registers: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    code: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    most_threads: int = 1024


@dataclass
class Module:
    """All functions by name, and the variables outside them."""

    functions: dict[str, Function] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)


def parse(ptx: str) -> Module:
    """The whole text."""
    module, function, scopes = Module(), None, _Scopes()
    for line, kind, text in _statements(ptx):
        if kind == "{" and text:
            function = _header(text)
            module.functions[function.name] = function
            scopes = _Scopes()
        elif kind == "{":
            scopes.enter()
        elif kind == "}":
            function = function if scopes.leave() else None
        elif kind == ":" and function:
            function.labels[text] = len(function.code)
        elif text.startswith(".") and not function:
            _declare(text, module.variables)
        elif text.startswith(".") and function:
            _declare_within(text, function, scopes)
        elif function:
            function.code.append(_instruction(line, text, function, scopes))
    return module


def _statements(ptx: str) -> Iterator[tuple[int, str, str]]:
    """(line, what ended it, text) of all statements; what ended it is `;` `:` `{` or `}`."""
    ptx = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), ptx, flags=re.DOTALL)
    ptx = re.sub(r"//[^\n]*", "", ptx)
    ptx = re.sub(r"^[ \t]*\.(version|target|address_size|loc|file|pragma|section)\b[^\n]*", "", ptx, flags=re.MULTILINE)
    start, line, seen = 0, 1, 0
    for end in re.finditer(r"[;{}]|(?<!:):(?!:)", ptx):
        text = ptx[start : end.start()].strip()
        if end[0] in "{}" and text and not (end[0] == "{" and re.search(r"\.(entry|func)\b", text)):
            continue  # braces around operands
        first = start + len(ptx[start : end.start()]) - len(ptx[start : end.start()].lstrip())
        line, seen = line + ptx.count("\n", seen, first), first
        start = end.end()
        if text or end[0] in "{}":
            yield line, end[0], " ".join(text.split())


class _Scopes:
    """Which registers are declared where: a name of an inner block is not that of an outer."""

    def __init__(self) -> None:
        self.open: list[tuple[int, dict[str, str]]] = [(0, {})]
        self.count = 0

    def enter(self) -> None:
        self.count += 1
        self.open.append((self.count, {}))

    def leave(self) -> bool:
        self.open.pop()
        return bool(self.open)

    def declare(self, name: str, kind: str) -> None:
        self.open[-1][1][name] = kind

    def find(self, name: str) -> tuple[str, str] | None:
        """The register's own name and type."""
        for number, declared in reversed(self.open):
            for known in (name, name.rstrip("0123456789") + "<"):
                if known in declared:
                    return (f"{name}@{number}" if number else name), declared[known]
        return None


_VARIABLE = re.compile(
    r"\.(?P<space>shared|local|global|const|param)\s+(?:\.align\s+(?P<align>\d+)\s+)?"
    r"\.(?P<type>[a-z]\d+)\s+(?:\.ptr\s+(?:\.[a-z]+\s+(?:\d+\s+)?)*)?(?P<name>[\w$%.]+)\s*(?P<array>\[(?P<count>\d*)\])?(?:\s*=\s*\{?(?P<data>[^}]*)\}?)?"
)


def _variable(text: str) -> Variable | None:
    found = _VARIABLE.search(text)
    if not found:
        return None
    of = TYPES[found["type"]]
    count = 1 if found["array"] is None else int(found["count"] or 0)
    data = b""
    if found["data"]:
        values = [int(value, 0) for value in found["data"].split(",")]
        data = np.array(values, object).astype(of).tobytes().ljust(count * of.itemsize, b"\0")
    align = int(found["align"] or of.itemsize)
    return Variable(found["name"], found["space"], count * of.itemsize, align, data, found["type"])


def _declare(text: str, variables: dict[str, Variable]) -> None:
    """A variable; other directives, as declarations of functions, say nothing that is needed."""
    if not re.search(r"\.(func|entry)\b", text) and (variable := _variable(text)):
        variables[variable.name] = variable


def _declare_within(text: str, function: Function, scopes: _Scopes) -> None:
    if found := re.match(r"\.reg\s+\.(\w+)\s+(.*)", text):
        for name in found[2].split(","):
            scopes.declare(re.sub(r"<\d+>", "<", name.strip()), found[1])
    elif found := re.match(r"\.branchtargets\s+(.*)", text):
        label = next(name for name, at in reversed(function.labels.items()) if at == len(function.code))
        function.tables[label] = [name.strip() for name in found[1].split(",")]
    else:
        _declare(text, function.variables)


def _header(text: str) -> Function:
    """`.visible .entry name(params) .maxntid n, 1, 1` or `.func (results) name(params)`."""
    found = re.search(r"\.(entry|func)\s*(?:\(([^)]*)\))?\s*([\w$]+)\s*(?:\(([^)]*)\))?(.*)", text)
    if not found:
        raise UnsupportedError(f"unsupported: {text}")
    results, params = ([v for part in (found[i] or "").split(",") if (v := _variable(part))] for i in (2, 4))
    function = Function(found[3], found[1] == "entry", params, results)
    if bound := re.search(r"\.(?:maxntid|reqntid)\s+(\d+)", found[5]):
        function.most_threads = int(bound[1])
    return function


def _instruction(line: int, text: str, function: Function, scopes: _Scopes) -> Instruction:
    guard, unless, rest = "", False, text
    if found := re.match(r"@(!?)(%[\w.$]+)\s+(.*)", text):
        unless, guard, rest = bool(found[1]), _name(found[2], function, scopes), found[3]
    opcode, _, operands = rest.partition(" ")
    name, *parts = opcode.split(".")
    flags = tuple(part for part in parts if part not in TYPES)
    types = tuple(part for part in parts if part in TYPES)
    read = tuple(_operand(part, function, scopes) for part in _split(operands))
    return Instruction(line, text, name, flags, types, read, guard, unless)


def _split(operands: str) -> list[str]:
    """At commas, but not at those within brackets."""
    return [part.strip() for part in re.split(r"[,|](?![^{(\[]*[})\]])", operands) if part.strip()]


def _operand(text: str, function: Function, scopes: _Scopes) -> Operand:
    if text[0] in "{(":
        return tuple(_operand(part, function, scopes) for part in _split(text[1:-1]))
    if text[0] == "[":
        found = re.fullmatch(r"\[\s*([^+\]]*?)\s*(?:\+\s*(-?\w+))?\s*\]", text)
        if not found:
            raise UnsupportedError(f"unsupported: {text}")
        base, offset = found.groups()
        if re.fullmatch(r"-?\d+", base):
            return Address("", int(base))
        return Address(_name(base, function, scopes), int(offset or "0", 0))
    if re.fullmatch(r"0[fF][0-9a-fA-F]{8}", text):
        return Immediate(struct.unpack(">f", bytes.fromhex(text[2:]))[0])
    if re.fullmatch(r"0[dD][0-9a-fA-F]{16}", text):
        return Immediate(struct.unpack(">d", bytes.fromhex(text[2:]))[0])
    if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)U?", text):
        return Immediate(int(text.rstrip("U"), 0))
    return _name(text, function, scopes)


def _name(text: str, function: Function, scopes: _Scopes) -> str:
    found = scopes.find(text)
    if not found:
        return text
    function.registers[found[0]] = found[1]
    return found[0]
