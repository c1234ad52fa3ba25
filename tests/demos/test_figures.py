"""What README and docs say the demo learns is what was recorded, and the recording is of the demo's defaults."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from click.testing import CliRunner

from sabcore.demos import figures
from sabcore.demos.copy import EVALUATED, TRANSFER, Options
from sabcore.demos.copy_reads import MULTIPLES

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


def test_what_is_read_is_told_of_runs_of_their_own():
    runs = json.loads((ROOT / figures.READS).read_text(encoding="utf-8"))["runs"]
    assert [run["seed"] for run in runs] == list(range(len(runs)))
    for run in runs:
        assert [wait["T"] for wait in run["waits"]] == [100 * multiple for multiple in MULTIPLES]
        for wait in run["waits"]:
            assert wait["right"]["answers"] + wait["wrong"]["answers"] == 10 * EVALUATED
    assert len(figures.MARKED_READS.findall((ROOT / "docs/reproduce.md").read_text(encoding="utf-8"))) == 1


def test_a_changed_figure_is_noticed_and_written_again(tmp_path):
    for page in (*figures.PAGES, figures.RECORDING, figures.READS):
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


def test_reads_are_shared_out_over_all_answers_of_all_seeds():
    def answers(count, due):
        return {"answers": count, "due": due, "other": 0.0, "blank": 1 - due, "recall": 0.0}

    trained = {"T": 100, "moved": 0.0, "right": answers(4, 1.0), "wrong": {"answers": 0}}
    runs = [
        {"waits": [trained, {"T": 5000, "moved": 2.0, "right": answers(3, 1.0), "wrong": answers(1, 0.25)}]},
        {"waits": [trained, {"T": 5000, "moved": 0.5, "right": answers(1, 0.6), "wrong": {"answers": 0}}]},
    ]
    text = figures.reads_table(runs)
    assert "| 100 | 0 | wrong |  |  |  |  |" in text
    assert "| 5,000 | 4 | right | 90.0% | 0.0% | 10.0% | 0.0% |" in text
    assert "| 5,000 | 1 | wrong | 25.0% | 0.0% | 75.0% | 0.0% |" in text
    assert "the trained wait: by 0.50 to 2.00 at T = 5,000.\n" in text
