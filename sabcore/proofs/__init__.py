"""The derivations, and their runnable halves: a page `step/lstm.md` and, beside it, what runs it, `step/lstm.py`.

`grammar` reads one line of equations, `page` the fenced lines of a page, `source` the tagged statements of the code;
`agree` holds page, docstring and code together.
"""
