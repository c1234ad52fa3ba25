"""Wrong engines, on purpose: every checker of the project must reject each of them."""
