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

from . import selection
from .report import duration, markdown, table

#: The recording that README and docs quote: these files, .json, .md and .png, in the folder `results`.
RECORDING = "cpu-amd-epyc-2-cores"
RESULTS = Path("sabcore/benchmarks/results")
MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)
#: A time, a rate, a size or a ratio: what nobody should write by hand.
MEASURED = re.compile(r"\d+(?:\.\d+)?(?: (?:s|ms|us|MiB|GiB|GFLOP/s)\b| times (?:faster|slower|less|more))")


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
        ours, theirs = (row["us"][name] for name in ("sabcore.topk", "torch.topk"))
        what = f"the {selection.K} largest of {row['n']:,}"
        yield [what, duration(ours * 1e-6), "-", "`torch.topk`, one thread", _times(theirs / ours)]


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
    """Measured figures outside the marked parts."""
    return MEASURED.findall(MARKED.sub("", page))


def expected(root: Path) -> dict[Path, str]:
    """Every page that quotes the recording, and the recording's own report, as they should be."""
    found = json.loads((root / RESULTS / f"{RECORDING}.json").read_text(encoding="utf-8"))
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    texts = {page: rewritten(page.read_text(encoding="utf-8"), found) for page in pages}
    return texts | {root / RESULTS / f"{RECORDING}.md": markdown(found)}


def take(folder: Path, root: Path) -> None:
    """Copy the files that `sab bench` wrote over the recording.

    Raises:
        FormatError: a quick run, or no run at all.
    """
    try:
        files = {kind: (folder / f"cpu.{kind}").read_bytes() for kind in ("json", "md", "png")}
        found = json.loads(files["json"])
    except (OSError, ValueError) as error:
        raise FormatError(
            f"{folder} holds no run of sab bench, but should hold cpu.json, cpu.md and cpu.png"
        ) from error
    if found.get("quick") or not found.get("long"):
        raise FormatError(f"{folder} holds a quick or a short run, but should hold one of sab bench --long")
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
