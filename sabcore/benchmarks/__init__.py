"""Side by side with the peers, in one run: first that all compute the same gradients, then how long each one takes.

workload, agree        what is computed, and whether an entrant computes it
peers                  the entrants: sabcore's engines, and honest PyTorch and JAX programs
measure, memory        interleaved times and their ratios; peak memory, each in a process of its own
limits                 how fast this machine multiplies matrices, computes scores and copies
growth, selection      time against length; top-k against its peers
cpu, gpu               the two suites; `sab bench` and `python -m sabcore.benchmarks.gpu` run them
report, picture        what they found, as Markdown and as PNG
"""
