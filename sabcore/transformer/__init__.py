"""A Transformer with explicit gradients: causal, pre-norm, multi-head, sinusoidal positions; no autodiff.

config        what it is made of
params        its parameters: names, shapes, a seeded start
positions     the sinusoids that tell one step from another
layer_norm    every vector to mean 0 and variance 1
attention     causal multi-head self-attention
feed_forward  two layers, one step at a time
block         the two of them, each after a norm and beside a residual path
network       inputs, blocks, a last norm, outputs: `forward` and `backward`

As in `sabcore.step`, each is a forward and its backward side by side, and the file of the same name in
`proofs/transformer` derives it. Everything works on NumPy or CuPy arrays, real or complex, and is time-major.
"""

from sabcore.transformer.config import TransformerConfig
from sabcore.transformer.network import backward, forward
from sabcore.transformer.params import init_params, param_shapes

__all__ = ["TransformerConfig", "backward", "forward", "init_params", "param_shapes"]
