"""The figures of README and docs, written from the recorded run: `python -m sabcore.benchmarks.figures`.

A page marks where they stand, and nothing measured is said outside:

    <!-- figures: speed -->
    ... what BLOCKS["speed"] makes of the recording ...
    <!-- /figures -->

A new recording is made by `sab bench --long --out FOLDER` on a machine that does nothing else, and taken over by
`python -m sabcore.benchmarks.figures --take FOLDER`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sabcore.array.files import write_atomically
from sabcore.errors import FormatError
from sabcore.text import error_line

from . import selection
from .report import duration, markdown, table

#: The recording that README and docs quote: these files, .json, .md and .png, in the folder `results`.
RECORDING = "cpu-amd-epyc-2-cores"
RESULTS = Path("sabcore/benchmarks/results")
MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)
#: The parts that some recording fills, this one or those of `sabcore.demos.figures` and `sabcore.reproduce.figures`.
RECORDED = re.compile(r"<!-- (figures|learned|table): \w+ -->\n.*?<!-- /\1 -->", re.DOTALL)
#: A time, a rate, a size or a ratio: what nobody should write by hand.
MEASURED = re.compile(
    r"\d+(?:\.\d+)? ?(?:(?:s|ms|us|µs|ns|min|minutes?|hours?|kB|MB|GB|MiB|GiB|GFLOP/s)(?![\w/])"
    r"| ?times (?:faster|slower|less|more))"
)


def speed(found: dict[str, Any]) -> str:
    """What README says about speed."""
    facts, limits = found["machine"], found["limits"]
    heads = ("forward and backward", "sabcore", "floor", "against", "")
    rate = f"{limits['matrix_flops'] / 1e9:.0f} GFLOP/s and {limits['score_terms'] / 1e9:.1f} G terms/s"
    return (
        f"B={found['races'][0]['B']}, H=128, k_top=10, k_att=1, float32, on {found['threads']} cores of an "
        f"{facts['cpu']}:\n\n{table(heads, _rows(found))}\n\n"
        "The floor is what matrix products and scores alone would take at the rates measured in the same run,\n"
        f"{rate}.\n"
    )


def _rows(found: dict[str, Any]) -> Iterator[list[str]]:
    threads = found["threads"]
    races = {(race["model"], race["T"]): race for race in found["races"] if race["threads"] == threads}
    for model, T, peer in (("SAB", 420, "torch-cached"), ("SAB", 120, "torch-cached"), ("LSTM", 200, "torch-lstm")):
        if (model, T) in races:
            yield _race_row(races[model, T], peer)
    if long := found["long"]:
        config = long["config"]
        what = f"SAB, T={long['T']:,}, B=1, H={config['hidden_size']}, k_att={config['k_att']}"
        yield [what, duration(long["forward_s"] + long["backward_s"]), "-", f"{long['peak_bytes'] / 2**30:.2f} GiB", ""]
    for row in found["selection"]:
        what, ours = f"the {selection.K} largest of {row['n']:,}", duration(row["us"]["sabcore.topk"] * 1e-6)
        yield [what, ours, "-", "`torch.topk`, one thread", _against_torch(row)]


def _against_torch(row: dict[str, Any]) -> str:
    if row.get("ratio"):
        return _times(row["ratio"]["median"])
    return "not measured"


def _race_row(race: dict[str, Any], peer: str) -> list[str]:
    subject, other = race["entrants"][race["subject"]], race["entrants"].get(peer)
    ours = other.get("beside_s", subject["median_s"]) if other else subject["median_s"]
    words = [_times(race["ratios"][peer]["median"])] if other else ["not measured"]
    if other and other.get("peak_bytes") and subject.get("peak_bytes") and race["model"] == "SAB":
        words.append(f"{other['peak_bytes'] / subject['peak_bytes']:.0f} times less memory")
    floor = duration(sum(race["floor"].values()))
    return [
        f"{race['model']}, T={race['T']}",
        duration(ours),
        floor,
        other["title"] if other else peer,
        ", ".join(words),
    ]


def _times(ratio: float) -> str:
    return f"{ratio:.2f} times faster" if ratio >= 1 else f"{1 / ratio:.2f} times slower"


BLOCKS = {"speed": speed}


def rewritten(page: str, found: dict[str, Any]) -> str:
    """The page with its marked parts as the recording has them.

    Raises:
        FormatError: a mark with an unknown name.
    """

    def fill(match: re.Match[str]) -> str:
        if match[2] not in BLOCKS:
            raise FormatError(f"figures: {match[2]} is unknown, but should be one of {', '.join(BLOCKS)}")
        return f"{match[1]}{BLOCKS[match[2]](found)}{match[3]}"

    return MARKED.sub(fill, page)


def by_hand(page: str) -> list[str]:
    """Measured figures outside the recorded parts."""
    return MEASURED.findall(RECORDED.sub("", page))


def expected(root: Path) -> dict[Path, str]:
    """Every page that quotes the recording, and the recording's own report, as they should be."""
    return _pages(root, root / RESULTS / f"{RECORDING}.json")


def _pages(root: Path, recording: Path) -> dict[Path, str]:
    """The same for any recording."""
    found = _read(recording)
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    try:
        texts = {page: rewritten(page.read_text(encoding="utf-8"), found) for page in pages}
        texts[root / RESULTS / f"{RECORDING}.md"] = markdown(found)
        check_alone(recording)
        return texts
    except FormatError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        why = f"no report can be made of it ({error_line(error)})"
        raise FormatError(f"{recording} is not what sab bench writes: {why}") from error


def _read(recording: Path) -> dict[str, Any]:
    try:
        found = json.loads(recording.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{recording} is not JSON, but should be what sab bench writes") from error
    if not isinstance(found, dict):
        raise FormatError(f"{recording} holds a {type(found).__name__}, but should hold an object, as sab bench writes")
    return found


def check_alone(recording: Path) -> None:
    """Nothing happens if every race says what its processes had loaded.

    Raises:
        FormatError: it was recorded before each peer had a process alone with this engine.
    """
    if not all(race.get("loaded") for race in _read(recording)["races"]):
        raise FormatError(
            f"{recording} lacks `loaded`: recorded before each peer ran alone; it should be recorded anew, by sab bench"
        )


def take(folder: Path, root: Path) -> None:
    """Copy the files that `sab bench` wrote over the recording, if every page can be written from them.

    Raises:
        FormatError: a quick run, one in which peers were not alone, or no run at all; nothing is written.
    """
    recording = folder / "cpu.json"
    try:
        files = {kind: (folder / f"cpu.{kind}").read_bytes() for kind in ("json", "md", "png")}
        found = _read(recording)
    except OSError as error:
        raise FormatError(
            f"{folder} holds no run of sab bench, but should hold cpu.json, cpu.md and cpu.png"
        ) from error
    if found.get("quick") or not found.get("long"):
        raise FormatError(f"{folder} holds a quick or a short run, but should hold one of sab bench --long")
    _pages(root, recording)
    for kind, content in files.items():
        write_atomically(root / RESULTS / f"{RECORDING}.{kind}", content)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a page differs from the recording.")
@click.option("--take", "taken", type=click.Path(path_type=Path, file_okay=False),
              help="First take over what sab bench --long wrote in this folder.")  # fmt: skip
@click.option("--root", default=".", show_default=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The checkout.")  # fmt: skip
@click.pass_context
def main(ctx: click.Context, check: bool, taken: Path | None, root: Path) -> None:
    """Write the figures of README and docs from the recorded benchmark."""
    try:
        if taken and not check:
            take(taken, root)
        wrong = {page: text for page, text in expected(root).items() if page.read_text(encoding="utf-8") != text}
    except (FormatError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(2)
    for page, text in wrong.items():
        click.echo(f"{page.relative_to(root)} {'differs from the recording' if check else 'written'}")
        if not check:
            write_atomically(page, text.encode())
    ctx.exit(1 if check and wrong else 0)


if __name__ == "__main__":
    main()
