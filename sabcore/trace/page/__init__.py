"""One HTML file to play with: it works from disk, without a server, a network or a library.

`data` packs what a trace found, `build` puts it into the page; style and scripts are the files beside this one.
"""

from sabcore.trace.page.build import build_page

__all__ = ["build_page"]
