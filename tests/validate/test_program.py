"""A function at hand, asked as a process would be."""

from __future__ import annotations

import numpy as np

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation, implementation_with_states

CONFIG = SABConfig.lstm(input_size=3, hidden_size=4, output_size=5)


def test_a_function_is_asked_where_we_are():
    question = ask(CONFIG, 1, 4, 2)
    program = FunctionProgram(implementation())
    program.start()
    one = program.ask(question)
    program.stop()
    assert np.array_equal(one.tensors["y"], program.ask(question).tensors["y"])
    assert one.seconds > 0
    program.close()


def test_initial_states_are_given_to_those_who_take_them():
    question = ask(CONFIG, 1, 4, 2, states=True)
    assert not FunctionProgram(implementation()).takes_states
    program = FunctionProgram(implementation_with_states())
    assert program.takes_states
    from_zeros = question._replace(h0=None, c0=None)
    assert not np.allclose(program.ask(question).tensors["y"], program.ask(from_zeros).tensors["y"])
