"""Everything that a GPU is needed for, in one command: `python -m sabcore.benchmarks.gpu --out DIR`.

card            what was found
parts           one part after the other, whether or not the one before failed
checks          engines against each other, bit-identical repeats, the GPU's tests
limits, timing  the card's rates; training steps at several lengths and batch sizes
inside          where a step's time goes: kernels, products, host
training        a short training run
sanitize        NVIDIA's own checker on a small pass
goals           what should be reached, and what others have published
report, picture what was found, as Markdown and as PNG
"""
