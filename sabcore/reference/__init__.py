"""Independent oracles: other ways to compute what the engine computes, sharing no code with it.

`autograd`: the specification as a float64 PyTorch model; truncation by `detach`, and by copies of each state.
    Agreement proves values and every gradient, by somebody else's reverse mode.
`replay`: the frozen-edges function in NumPy: cut states are recorded constants, the chosen order is replayed.
    Proves nothing alone: it is the function that the next two differentiate.
`complex_step`: the derivative of `replay` to rounding error.
    Agreement proves the gradients with no reverse mode anywhere.
`differences`: the same by central differences, extrapolated, with an estimate of their own error.
    Proves the gradients in real arithmetic, without trusting complex functions.
`conditioning`: how much the sparsifier amplifies rounding, and how near it is to a tie: which tolerance is deserved.

`replay` is put together from `edges` (truncation), `score` and `sparsify`; `perturb` moves its inputs, `rounding` by an
ulp. A configuration
is a plain mapping with the specification's keys, a model a mapping from parameter names to arrays; everything is
computed in float64. Only `autograd` needs PyTorch, and imports it when called.
"""
