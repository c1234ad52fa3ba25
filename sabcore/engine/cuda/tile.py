"""How a block's threads divide a matrix, or the rows of a list, among themselves: constants in a kernel's code."""

from __future__ import annotations

from typing import NamedTuple

#: Columns of a thread.
WIDTH = 4
#: Rows from global memory under way at a time: a load takes hundreds of cycles, and nothing else hides them. So many
#: numbers of the vector are read at once.
AHEAD = 4
#: The same for rows from shared memory.
NEAR = 8
#: How many threads begin a sum over a block.
COLLECTORS = 32
#: At most so many threads share a column, for one adds up what they found.
MAX_SHARES = 32


class Tile(NamedTuple):
    """A thread's part of a matrix of `rows` and `columns`: `depth` rows, WIDTH columns, `groups` apart; and again
    `WIDTH * groups` columns further on, `blocks` times in all. `held`: so many of these rows are kept in registers.
    `even`: 1 if no thread's part reaches beyond the matrix.

    Everything here is a constant in a kernel's code, so that loops unroll and divisions become shifts.
    """

    rows: int
    columns: int
    threads: int
    groups: int
    shares: int
    depth: int
    blocks: int
    held: int
    even: int

    @property
    def partial(self) -> int:
        """How many numbers `multiply` leaves for `gathered`."""
        return self.shares * self.columns


def tile(rows: int, columns: int, threads: int, registers: int = 0) -> Tile:
    """Divide a matrix among `threads`, with up to `registers` of its elements in those of each."""
    groups = min(threads, -(-columns // WIDTH))
    blocks = -(-columns // (WIDTH * groups))
    shares = max(1, min(threads // groups, MAX_SHARES, rows))
    depth = -(-rows // shares)
    held = min(depth, registers // WIDTH) * (blocks == 1)
    even = depth * shares == rows and blocks * WIDTH * groups == columns
    return Tile(rows, columns, threads, groups, shares, depth, blocks, held, int(even))


class Columns(NamedTuple):
    """A thread's part of a list of rows of `columns` numbers each: one column (and what is `threads` further on,
    `turns` times in all) of every `shares`-th row."""

    columns: int
    threads: int
    shares: int
    turns: int


def columns_of(columns: int, threads: int) -> Columns:
    """Divide rows of `columns` numbers among `threads`."""
    return Columns(columns, threads, max(1, min(threads // columns, MAX_SHARES)), -(-columns // threads))
