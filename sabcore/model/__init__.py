"""What a model is: the configuration, the named parameters, and the files that hold them.

config    one frozen record with every choice that the equations leave open, and the presets
params    names, shapes, seeded initialisation
files     save and load; the weights of a PyTorch LSTM
"""
