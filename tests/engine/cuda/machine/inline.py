"""A kernel with the functions that it calls copied to where it calls them: there is no recursion in ours."""

from __future__ import annotations

from dataclasses import replace

from tests.engine.cuda.machine.faults import UnsupportedError
from tests.engine.cuda.machine.parse import Address, Function, Instruction, Module, Operand


def inlined(module: Module, entry: str | None = None) -> Function:
    """The only .entry, or the one of that name, with no calls left."""
    entries = [f for f in module.functions.values() if f.is_entry and entry in (None, f.name)]
    if len(entries) != 1:
        raise UnsupportedError(f"one kernel wanted, {len(entries)} found: {[f.name for f in entries]}")
    whole = entries[0]
    whole.variables = module.variables | whole.variables
    count = 0
    while any(ins.name == "call" for ins in whole.code):
        at = next(i for i, ins in enumerate(whole.code) if ins.name == "call")
        _paste(whole, at, module, count)
        count += 1
        if count > 1000:
            raise whole.code[at].unsupported("recursion")
    return whole


def _paste(whole: Function, at: int, module: Module, number: int) -> None:
    """Replace the call at index `at` by its function's instructions, under names of their own."""
    call = whole.code[at]
    results, name, given = _call(call)
    if call.guard or name not in module.functions:
        raise call.unsupported("call of " + name)
    function, mark = module.functions[name], f"!{number}"
    names = {of.name: to for of, to in zip(function.params, given, strict=True)}
    names |= {of.name: to for of, to in zip(function.results, results, strict=True)}
    names |= {inner: inner + mark for inner in (*function.registers, *function.variables, *function.labels)}
    end = f"return{mark}"
    pasted = []
    for ins in function.code:
        operands = tuple(_renamed(operand, names) for operand in ins.operands)
        guard = ins.guard and ins.guard + mark
        if ins.name == "ret":
            pasted.append(replace(ins, name="bra", flags=(), types=(), operands=(end,), guard=guard))
        else:
            pasted.append(replace(ins, operands=operands, guard=guard))
    grown = len(pasted) - 1
    whole.code[at : at + 1] = pasted
    whole.labels = {label: to + grown * (to > at) for label, to in whole.labels.items()}
    whole.labels |= {label + mark: at + to for label, to in function.labels.items()} | {end: at + len(pasted)}
    whole.registers |= {register + mark: of for register, of in function.registers.items()}
    whole.variables |= {v + mark: replace(of, name=v + mark) for v, of in function.variables.items()}
    whole.tables |= {label + mark: [to + mark for to in targets] for label, targets in function.tables.items()}


def _call(call: Instruction) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """`call (results), name, (params)`, where results or params may be missing."""
    named = [operand for operand in call.operands if isinstance(operand, str)]
    i = call.operands.index(named[0])
    results = call.operands[0] if i == 1 else ()
    given = call.operands[i + 1] if len(call.operands) > i + 1 else ()
    return results, named[0], given


def _renamed(operand: Operand, names: dict[str, str]) -> Operand:
    if isinstance(operand, Address):
        return Address(names.get(operand.base, operand.base), operand.offset)
    if isinstance(operand, str):
        return names.get(operand, operand)
    if isinstance(operand, tuple) and not hasattr(operand, "value"):
        return tuple(_renamed(each, names) for each in operand)
    return operand
