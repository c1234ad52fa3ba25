"""Side by side with the peers, in one run: first that all compute the same gradients, then how long each one takes.

workload, agree        what is computed, and whether an entrant computes it
peers                  the entrants: sabcore's engines, and honest PyTorch and JAX programs
measure, memory        interleaved times and their ratios; peak memory, each in a process of its own
limits                 how fast this machine multiplies matrices, computes scores and copies
growth, selection      time against length; top-k against its peers
apart, race, duels     a part in a process of its own; who runs what; each peer alone with the engine
cpu, gpu               the two suites; `sab bench` and `python -m sabcore.benchmarks.gpu` run them
goals, report, picture what they found, against what was meant; as Markdown and as PNG
figures                what README and docs quote of the recorded run; `python -m sabcore.benchmarks.figures` writes it
"""
