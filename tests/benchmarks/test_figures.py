"""What README and docs say about speed is what the recorded run says."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sabcore.benchmarks import figures
from tests.imports import module_name, sources

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A copy of the pages and the recording."""
    (tmp_path / figures.RESULTS).mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    for file in [*(ROOT / figures.RESULTS).iterdir(), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        shutil.copy(file, tmp_path / file.relative_to(ROOT))
    return tmp_path


def run(root, *arguments):
    return CliRunner().invoke(figures.main, ["--root", str(root), *arguments])


def test_pages_and_report_are_those_of_the_recording():
    result = run(ROOT, "--check")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("page", ["README.md", figures.RESULTS / f"{figures.RECORDING}.md"])
def test_one_changed_digit_is_found_and_put_right(checkout, page):
    file = checkout / page
    text = file.read_text()
    found = re.search(r"T=420.*?(\d) ms", text, re.DOTALL)
    assert found
    at = found.start(1)
    file.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])
    result = run(checkout, "--check")
    assert (result.exit_code, result.output) == (1, f"{page} differs from the recording\n")
    assert run(checkout).exit_code == 0
    assert file.read_text() == text


def test_a_changed_recording_is_found(checkout):
    file = checkout / figures.RESULTS / f"{figures.RECORDING}.json"
    found = json.loads(file.read_text())
    found["selection"][0]["us"]["sabcore.topk"] *= 2
    file.write_text(json.dumps(found))
    assert run(checkout, "--check").exit_code == 1


def test_a_recording_made_before_each_peer_ran_alone_is_refused(checkout):
    file = checkout / figures.RESULTS / f"{figures.RECORDING}.json"
    file.write_text(json.dumps(whole(checkout, loaded=None)))
    result = run(checkout, "--check")
    assert result.exit_code == 2
    assert "lacks `loaded`" in result.output


def test_pages_say_nothing_measured_by_hand():
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        ROOT / figures.RESULTS / "README.md",
        *(ROOT / "docs").glob("*.md"),
    ]
    assert {page.name: found for page in pages if (found := figures.by_hand(page.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize("text", ["it takes 56 ms", "6.7 times faster", "2.5 GiB", "101 GFLOP/s", "in 0.24 s.",
                                  "5 minutes", "1 minute", "3 µs", "40 MB", "2 GB", "2GB"])  # fmt: skip
def test_figures_by_hand_are_seen(text):
    assert figures.by_hand(text) != []
    for kind in ("figures", "learned", "table"):
        assert figures.by_hand(f"<!-- {kind}: speed -->\n{text}\n<!-- /{kind} -->") == []
    assert figures.by_hand(f"<!-- table: copy -->\n{text}\n<!-- /figures -->") != []


@pytest.mark.parametrize("text", ["5 sequences", "2.5 million", "3 units", "100 % at T = 100", "12 models", "4 MBit"])
def test_what_is_no_measured_figure_is_let_be(text):
    assert figures.by_hand(text) == []


def test_docstrings_say_nothing_measured_by_hand():
    kinds, found = ast.Module | ast.ClassDef | ast.FunctionDef, {}
    for file in sources("sabcore"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, kinds) and (said := figures.by_hand(ast.get_docstring(node) or "")):
                found[f"{module_name(file)}: {getattr(node, 'name', '')}"] = said
    assert found == {}


def test_an_unknown_mark_is_refused(checkout):
    (checkout / "docs/new.md").write_text("<!-- figures: sped -->\n<!-- /figures -->\n")
    result = run(checkout)
    assert result.exit_code == 2
    assert "figures: sped is unknown, but should be one of speed" in result.output


def whole(checkout, loaded=("torch",), **change):
    """A run that can be taken, but for the change: the recording, whose races say what their processes had loaded."""
    found = json.loads((checkout / figures.RESULTS / f"{figures.RECORDING}.json").read_text())
    races = [race | {"loaded": {"all": loaded} if loaded else None} for race in found["races"]]
    return found | {"races": races} | change


@pytest.mark.parametrize(("change", "says"), [
    ({"quick": True}, "holds a quick or a short run"),
    ({"long": None}, "holds a quick or a short run"),
    (None, "holds no run of sab bench"),
    ("[]", "holds a list, but should hold an object"),
    ("{", "is not JSON"),
    ({"machine": None}, "is not what sab bench writes"),
    ({"races": [{}]}, "is not what sab bench writes: no report can be made of it (KeyError: "),
    ({"loaded": None}, "lacks `loaded`: recorded before each peer ran alone"),
])  # fmt: skip
def test_only_a_whole_run_is_taken(checkout, tmp_path, change, says):
    folder, recorded = tmp_path / "run", checkout / figures.RESULTS
    folder.mkdir()
    before = {file.name: file.read_bytes() for file in recorded.iterdir()}
    if change:
        text = change if isinstance(change, str) else json.dumps(whole(checkout, **change))
        for kind, content in (("json", text), ("md", "x"), ("png", "x")):
            (folder / f"cpu.{kind}").write_text(content)
    result = run(checkout, "--take", str(folder))
    assert result.exit_code == 2
    assert says in result.output
    assert result.output.count("\n") == 1
    assert {file.name: file.read_bytes() for file in recorded.iterdir()} == before


def test_a_whole_run_is_taken_and_quoted(checkout, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    found = whole(checkout)
    found["selection"][0] |= {
        "us": {"sabcore.topk": 0.25, "torch.topk": 0.75},
        "ratio": {"median": 2.5, "low": 2, "high": 4},
    }
    for kind, content in (("json", json.dumps(found)), ("md", "x"), ("png", "picture")):
        (folder / f"cpu.{kind}").write_text(content)
    assert run(checkout, "--take", str(folder)).exit_code == 0
    assert (
        "| the 11 largest of 100 | 0.25 us | - | `torch.topk`, one thread | 2.50 times faster |"
        in (checkout / "README.md").read_text()
    )
    assert (checkout / figures.RESULTS / f"{figures.RECORDING}.png").read_text() == "picture"
    assert run(checkout, "--check").exit_code == 0


@pytest.mark.parametrize(("row", "says"), [
    ({"us": {"torch.topk": 9.0}, "ratio": {"median": 2.5}}, "2.50 times faster"),
    ({"us": {}, "ratio": None}, "not measured"),
])  # fmt: skip
def test_a_ratio_is_the_one_measured_in_turn_or_none(checkout, row, says):
    found = whole(checkout)
    found["selection"] = [{"n": 100} | row | {"us": {"sabcore.topk": 1.0} | row["us"]}]
    assert f"| the 11 largest of 100 | 1 us | - | `torch.topk`, one thread | {says} |" in figures.speed(found)
