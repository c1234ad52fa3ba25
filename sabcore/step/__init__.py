"""The equations of one step: each a forward and its backward, side by side, with no time loop.

`lstm` makes the provisional state, `score` and `sparsify` decide how much of each memory is read, `recall` reads,
`readout` makes the output. Docstrings number the equations, the code lines bear the numbers, the backward bears them
starred from bottom to top, and the file of the same name in `proofs/` derives them.
"""
