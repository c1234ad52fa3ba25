"""Whether a program computes Sparse Attentive Backtracking: this engine, against the oracles."""
