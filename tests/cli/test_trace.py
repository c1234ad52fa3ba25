"""`sab trace` as a user meets it."""

import json
import re

import pytest
from click.testing import CliRunner

from sabcore.cli import main


def run(*arguments):
    return CliRunner().invoke(main, ["trace", *map(str, arguments)])


def test_json_parts_add_up():
    result = run("--json", "-T", 20, "--vary", "k_trunc=1,null")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert sum(found["edges"].values()) == pytest.approx(1, abs=1e-9)
    assert sum(found["memories"].values()) == pytest.approx(1, abs=1e-9)
    assert found["rules"].keys() == {"k_trunc=1", "k_trunc=None"}
    cut, full = (next(rule for rule in rules if rule["name"] == "SAB") for rules in found["rules"].values())
    assert full["bias"]["all"] == 0 < cut["bias"]["all"]


def test_tables_name_edges_memories_and_rules():
    output = run("-T", 20).output
    for word in ("threshold", "recurrent", "0 memories", "truncated", "cosine"):
        assert word in output


@pytest.mark.parametrize("preset", ["paper", "self_attention", "lstm"])
def test_pictures_are_there_and_say_the_same_twice(tmp_path, preset):
    for folder in ("one", "two"):
        result = run("-T", 20, "--preset", preset, "--out", tmp_path / folder)
        assert result.exit_code == 0, result.output
    names = {f"{name}.{kind}" for name in ("distance", "map", "graph") for kind in ("png", "svg")}
    assert {path.name for path in (tmp_path / "one").iterdir()} == names
    for name in names:
        one, two = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert len(one) > 5000
        if name.endswith("png"):
            assert one == two


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/no/such/file"], "is not there, but should be a file"),
        (["--vary", "score=additive"], "--vary score should be one of k_top, k_trunc"),
        (["--set", "k_top"], "--set k_top should be FIELD=VALUE"),
        (["-T", "0"], "0 is not in the range"),
        (["--row", "1"], "--row chooses a sequence of a test vector, and needs a FILE"),
        (["somewhere", "--preset", "paper"], "--preset is of the random model, and has no effect beside a FILE"),
        (["--vary", "k_trunc=x"], "k_trunc is 'x', but should be a whole number"),
    ],
)
def test_bad_input_is_one_line(arguments, says):
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in re.sub(r"\s+", " ", result.stderr)
