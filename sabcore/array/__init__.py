"""Arrays: which library computes with them, what the public doors check, where they come from and go to.

library    NumPy or CuPy, and the element types
checks     shape, element type, device, finite values
device     `cpu`, `cuda` or `auto` -> the library
dlpack     tensors of other libraries, without a copy
products   matrix products over all steps at once
files      safetensors files of named arrays, written whole or not at all
"""
