"""Sweeps: one experiment over a grid of values and several seeds, on as many processes or machines as there are.

plan       which runs a sweep consists of, each in a folder of its own
work       one of them, from wherever it stands to its end; knows nothing of Dask
cluster    all of them, on Dask's workers: local ones, or those of a scheduler elsewhere
summary    the median and the spread over seeds
picture    the same, drawn against the swept values
"""
