"""Everything that a GPU is needed for, in one command: `python -m sabcore.benchmarks.gpu --out DIR`.

card            what was found
parts           one part after the other, whether or not the one before failed
checks          engines against each other, bit-identical repeats, the GPU's tests
limits, timing  the card's rates; training steps at several lengths and batch sizes
training        a short training run
report, picture what was found, as Markdown and as PNG
"""
