"""The page itself: the template with the style, the scripts and the data put in."""

from __future__ import annotations

import json
from pathlib import Path

from sabcore.trace.page.data import page_data
from sabcore.trace.page.grid import grid
from sabcore.trace.source import Source

HERE = Path(__file__).parent
#: In the order in which they build on each other.
SCRIPTS = ("data", "state", "draw", "timeline", "heatmap", "step", "path", "rules", "main")


def build_page(source: Source) -> str:
    """One HTML file about the source's trace; its sliders choose among the runs of `grid`."""
    data = json.dumps(page_data(source, grid(source)), allow_nan=False, separators=(",", ":"))
    parts = {
        "STYLE": _read("style.css"),
        "DATA": data.replace("</", "<\\/"),  # no text inside may close the script
        "SCRIPTS": "\n".join(_read(f"{name}.js") for name in SCRIPTS),
    }
    page = _read("page.html")
    for name, text in parts.items():
        page = page.replace(f"/*{name}*/", text)
    return page


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
