"""The one comparison of two results."""
