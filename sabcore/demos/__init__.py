"""Short programs on the public interface, one claim each; `sab demo NAME` runs them."""
