"""The conformance set: what it promises a port, that it passes, and that it tells mistakes apart."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sabcore import PRESETS
from sabcore.array.files import describe_tensors
from sabcore.cli import main
from sabcore.compare.tensors import compare
from sabcore.validate.mistakes import MUTANTS
from sabcore.validate.mistakes.build import build
from sabcore.vectors import read, write
from sabcore.vectors.catalogue import CATALOGUE, seed_of
from sabcore.vectors.check import CONFORMANCE_FOLDER, check, recompute
from sabcore.vectors.conformance import CONFORMANCE, FLAGS
from sabcore.vectors.lint import lint
from sabcore.vectors.model import applicable

FILES = {path.stem: path for path in sorted(CONFORMANCE_FOLDER.glob("*.safetensors"))}
#: What only an initial state, a sliding window, a tie or a margin below zero can show: the shipped set has those.
OUT_OF_REACH = {
    "gradient into unread slots",
    "ties towards the newer slot",
    "reads by one level of gradient only",
    "edge into the initial state cut",
    "sliding window of the loss one edge short",
    "sliding window of a reminded state one edge short",
    "k_remind ignored",
    "sliding window never ends",
}


def test_the_catalogue_and_the_folder_agree():
    assert FILES.keys() == CONFORMANCE.keys()
    assert not CONFORMANCE.keys() & CATALOGUE.keys()
    assert {case.preset for case in CONFORMANCE.values()} == set(PRESETS)
    assert {flag for case in CONFORMANCE.values() for flag in case.flags} == set(FLAGS)


@pytest.mark.parametrize("name", CONFORMANCE)
def test_it_passes_and_is_what_a_port_can_take(name):
    vector = read(FILES[name])
    assert not [report for report in check(vector) if not report.passed]
    assert vector.h0 is None
    assert vector.c0 is None
    assert vector.config.to_dict() == applicable(CONFORMANCE[name].config.to_dict())
    assert vector.config.truncation == "segment"
    assert vector.x.shape[1] > 1
    metadata = describe_tensors(FILES[name])[1]
    assert metadata["flags"].split(",") == list(CONFORMANCE[name].flags)
    assert all(FLAGS[flag] in metadata["catches"] for flag in CONFORMANCE[name].flags)
    again = CONFORMANCE[name].draw(seed_of(name))
    assert all(report.passed for report in compare(vector.tensors(), again.tensors(), 1e-15))


@pytest.mark.parametrize("name", [name for name, case in CONFORMANCE.items() if case.config.k_top])
def test_the_memory_is_as_long_as_the_flag_says(name):
    case = CONFORMANCE[name]
    most, k_top = case.config.slots_before(case.T), case.fields["k_top"]
    assert ("short" in case.flags) == (most < k_top)
    assert ("equal" in case.flags) == (most == k_top)
    assert ("long" in case.flags) == (most > k_top)
    assert ("batch" in case.flags) == (case.B > 2)


def rejected(mistake):
    """True if some file of the set fails with the mistake, or cannot even be computed."""
    engine = build([mistake])
    for path in FILES.values():
        vector = read(path)
        config = engine.config.from_dict(vector.config.to_dict())
        try:
            found = recompute(
                vector,
                lambda _, params, x, h0, c0, config=config: engine.forward(config, params, x, h0, c0),
                lambda _, params, tape, dy, config=config: engine.backward(config, params, tape, dy),
            )
        except IndexError:
            return True
        if not all(report.passed for report in compare(found, vector.expected, 1e-9)):
            return True
    return False


@pytest.mark.parametrize(
    "mistake",
    [pytest.param(m, marks=[] if i % 5 == 0 else pytest.mark.long) for i, m in enumerate(MUTANTS)],
    ids=lambda mistake: mistake.name,
)
def test_mistakes_are_rejected_but_for_those_out_of_reach(mistake):
    assert rejected(mistake) == (mistake.name not in OUT_OF_REACH)


def test_forward_only_files_hold_no_gradient_and_pass(tmp_path):
    vector = read(FILES["conform-paper-long"]).forward_only()
    write(tmp_path / "forward.safetensors", vector)
    assert lint(tmp_path / "forward.safetensors") == []
    assert {report.name for report in check(read(tmp_path / "forward.safetensors"))} == {"y", "h", "s", "c"}


def test_some_gradients_are_no_forward_only_file(tmp_path):
    vector = read(FILES["conform-paper-long"])
    some = {name: value for name, value in vector.expected.items() if name != "grad.W_q"}
    with pytest.raises(ValueError, match=r"grad\.W_q is missing"):
        write(tmp_path / "some.safetensors", replace(vector, expected=some))


def test_the_list_says_where_each_file_is_and_what_it_catches():
    result = CliRunner().invoke(main, ["vectors", "list", "--json"])
    rows = json.loads(result.stdout)
    assert [row["file"] for row in rows] == [str(FILES[name]) for name in CONFORMANCE]
    assert all(row["catches"] for row in rows)
    assert len(CliRunner().invoke(main, ["vectors", "list", "--shipped"]).output.splitlines()) == 2 * len(CATALOGUE)
