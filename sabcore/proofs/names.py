"""What the code calls the pages' symbols, where it calls them something else."""

from __future__ import annotations

#: The plain sources: arrays over all steps, and fields.
_PLAIN = {"h_all": "h", "c_all": "c", "keys": "K", "dkeys": "dK", "loss_level": "loss"}
_PLAIN |= {"slot_level": "slot"}

#: The fast engines: fused statements, rows, buffers of their own, and records passed to a function that fills them.
_FAST = {
    "z": "gates w", "i": "gates", "f": "gates", "o": "gates", "g": "gates",
    "c_new": "c c_new_r", "hhat": "hhat_r h",
    "do": "factor do_", "dc_new": "factor dc", "df": "factor", "dc": "factor", "di": "factor", "dg": "factor",
    "dz_g": "factor", "dz_i": "factor", "dz_f": "factor", "dz_o": "factor",
    "dW_ih": "of_dW dW", "dW_hh": "of_dW dW", "db": "of_dW dW",
    "k": "keys", "K": "keep_key tape", "tk": "key", "gk": "far_key", "x": "y",
    "ek": "key_to_keep", "eq": "query_unit", "nq": "query_unit", "ekq": "score_u",
    "e": "x y given total w_e", "a": "scores scratch scratch_0",
    "dK": "grad", "dk": "dkeys grad slope", "dq": "slope dk", "dw_read": "grad", "dm": "dM dm_key dh",
    "dM": "grad", "dweights": "grad", "dW_m": "of_dW_m",
    "dW_q": "of_dW_m", "slope": "dkeys dq",
    "v": "excess",
    "above": "da", "dv": "da", "dz": "da",
    "s": "tape tape_0", "y": "y_h y_s", "dh": "dh_loss", "ds": "ds_loss", "dh_loss": "grad",
    "dV_h": "of_dV", "dV_s": "of_dV",
    "kept": "dh dc",
}  # fmt: skip


def plain_name(name: str) -> str:
    """The page's symbol for a name in a plain source."""
    return _PLAIN.get(name, name)


def fast_names(symbol: str) -> set[str]:
    """The names under which a fast engine may write a page's symbol."""
    return {symbol, *_FAST.get(symbol, "").split()}
