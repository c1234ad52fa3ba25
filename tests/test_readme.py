"""The README tells the truth: its Python runs, its commands exist, its numbers are those of the tree."""

import re
from pathlib import Path

from click.testing import CliRunner

from sabcore.cli import COMMANDS, main
from sabcore.validate.mistakes import MUTANTS
from tests.mutants.cpu_catalogue import CPU_MUTANTS
from tests.mutants.transformer_catalogue import TRANSFORMER_MUTANTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_python_runs():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        names: dict = {}
        exec(block.replace("(120, 64, 10)", "(12, 3, 10)"), names)  # the same, smaller
        assert names["y"].shape == (12, 3, 10)
        assert set(names["grads"]) == {*names["params"], "x", "h0", "c0"}


def marked(name: str) -> str:
    """The block under <!-- name -->."""
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_its_port_gets_the_verdict_that_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("port.py").write_text(marked("port"))
    result = CliRunner().invoke(main, marked("validate").split()[1:])
    assert result.exit_code == 1
    assert set(marked("verdict").splitlines()) <= set(result.stdout.splitlines())


def test_its_commands_exist_and_all_commands_are_in_it():
    named = set(re.findall(r"`sab (\w+)", README))
    assert named == set(COMMANDS)
    for name in named:
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_it_counts_the_mutants_right():
    counts = [int(count) for count in re.findall(r"(\d+) wrong", README)]
    assert counts == [len(MUTANTS), len(CPU_MUTANTS), len(TRANSFORMER_MUTANTS)]
