"""What README and docs say the demo learns is what was recorded, and the recording is of the demo's defaults."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from click.testing import CliRunner

from sabcore.demos import figures
from sabcore.demos.copy import TRANSFER, Options

ROOT = Path(__file__).parents[2]
RUNS = json.loads((ROOT / figures.RECORDING).read_text(encoding="utf-8"))


def test_the_pages_say_what_was_recorded():
    for page, text in figures.expected(ROOT).items():
        assert page.read_text(encoding="utf-8") == text, f"run python -m sabcore.demos.figures: {page}"
        assert len(figures.MARKED.findall(text)) == 1


def test_the_recording_is_ten_seeds_of_the_demos_defaults():
    assert [run["options"]["seed"] for run in RUNS] == list(range(10))
    for run in RUNS:
        assert run["options"] == asdict(Options(seed=run["options"]["seed"], sab_alone=True))
        assert list(run["models"]["sab"]["transfer"]) == [str(100 * multiple) for multiple in TRANSFER]


def test_a_changed_figure_is_noticed_and_written_again(tmp_path):
    for page in (*figures.PAGES, figures.RECORDING):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / page, tmp_path / page)
    page = tmp_path / "README.md"
    right = page.read_text(encoding="utf-8")
    page.write_text(right.replace("10 of 10", "11 of 10", 1), encoding="utf-8")
    assert figures.expected(tmp_path)[page] == right != page.read_text(encoding="utf-8")
    assert CliRunner().invoke(figures.main, ["--root", str(tmp_path)]).exit_code == 0
    assert page.read_text(encoding="utf-8") == right


def test_the_table_counts_as_it_says():
    def run(seed, at_100, updates, attempt):
        sab = {"transfer": {"100": at_100, "5000": 0.5}, "updates": updates, "attempt": attempt}
        return {"options": {"seed": seed}, "models": {"sab": sab}}

    text = figures.table([run(3, 0.99, 2000, 0), run(4, 1.0, 1500, 2), run(5, 0.9899, 1000, 0)])
    assert "| seeds that recall 99% | 2 of 3 | 0 of 3 |" in text
    assert "| median | 99.0% | 50.0% |" in text
    assert "| least | 99.0% | 50.0% |" in text
    assert "Seeds 3 to 5; 1,000 to 2,000 updates, and 1 of the 3 began again once or more." in text
