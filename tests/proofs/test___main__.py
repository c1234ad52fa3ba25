"""`python -m sabcore.proofs`: a line for every equation, and an exit code that says whether all is proved."""

from __future__ import annotations

import runpy

import pytest

pytest.importorskip("sympy")

from sabcore.proofs import prove
from sabcore.proofs.prove import Proved

RIGHT, WRONG = Proved("Z.1", "step/z", "z = x", regions=1), Proved("Z.2", "step/z", "y = z", why="dz is wrong")


@pytest.mark.parametrize(
    ("proved", "wrong", "code"),
    [([RIGHT], [], 0), ([RIGHT, WRONG], [], 1), ([RIGHT], ["step/z: the page lacks Z.2*"], 1)],
)
def test_one_line_each_and_zero_only_if_all_is_proved(monkeypatch, capsys, proved, wrong, code) -> None:
    monkeypatch.setattr(prove, "prove", lambda: (proved, wrong))
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("sabcore.proofs", run_name="__main__")
    assert ended.value.code == code
    assert capsys.readouterr().out.splitlines() == [*(proof.line() for proof in proved), *wrong]
