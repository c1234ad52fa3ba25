"""Programs as strangers write them: other shapes of code, each with what its author thought, or did not think of.

None imports the engine. `test_ports.py` says what each computes, and demands that the validator finds it out.
"""
