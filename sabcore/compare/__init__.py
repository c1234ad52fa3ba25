"""Are two sets of named tensors the same? One comparison, one report, one measured tolerance, for everybody.

tensors      the comparison: one error, one allowance and one verdict per tensor
tolerance    how far rounding alone moves a result, measured, and the scale that follows from it
report       what was found, as lines for people and as values for programs
"""
