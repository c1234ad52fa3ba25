"""`sab export`: a run's log, for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import click

from sabcore.text import printable
from sabcore.train.run import LOG
from sabcore.train.tensorboard import export as export_records
from sabcore.train.tensorboard import read_records


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), help="Where to.  [default: FOLDER/tensorboard]")
def export(folder: Path, out: Path | None) -> None:
    """Write the log of the run in FOLDER as a TensorBoard event file.

    One curve for each model and quantity; look at them with tensorboard --logdir (pip install "sabcore[tensorboard]").
    """
    out = out or folder / "tensorboard"
    count = export_records(read_records(folder / LOG), out)
    click.echo(printable(f"{count} numbers: {out}"))
