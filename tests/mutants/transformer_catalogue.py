"""Named mistakes of the Transformer: one changed line each."""

from __future__ import annotations

from typing import NamedTuple

from sabcore.validate.mistakes.record import Change


class Mutant(NamedTuple):
    """In `file` of `sabcore/transformer`, `old`, which stands there once, reads `new`."""

    name: str
    file: str
    old: str
    new: str

    @property
    def change(self) -> Change:
        return Change(f"transformer/{self.file}", self.old, self.new)


TRANSFORMER_MUTANTS = [
    Mutant("no mean subtracted", "layer_norm.py", "c = x - mu", "c = x"),
    Mutant("variance over H - 1", "layer_norm.py", "keepdims=True) / H + eps", "keepdims=True) / (H - 1) + eps"),
    Mutant("eps outside the root", "layer_norm.py", "/ H + eps)  # N.3", "/ H) + eps  # N.3"),
    Mutant("the norm's gain forgotten on the way back", "layer_norm.py", "dn, over_steps = dy * gain", "dn, over_steps = dy"),
    Mutant("the root held constant", "layer_norm.py", "dc = (dn - n * (n * dn).sum(axis=-1, keepdims=True) / H) / r", "dc = dn / r"),
    Mutant("the mean held constant", "layer_norm.py", "dx = dc - dc.sum(axis=-1, keepdims=True) / H", "dx = dc"),
    Mutant("gain learns from what it scaled", "layer_norm.py", "(dy * n).sum(axis=over_steps)", "(dn * n).sum(axis=over_steps)"),
    Mutant("no causal mask", "attention.py", "seen = xp.where(past, a, -math.inf)", "seen = a"),
    Mutant("no step but the first sees itself", "attention.py", "[:, None] + 1", "[:, None] + (xp.arange(lo, hi)[:, None] == 0)"),
    Mutant("a step sees the next one", "attention.py", "[:, None] + 1", "[:, None] + 2"),
    Mutant("every part's steps counted from 0", "attention.py", "xp.arange(lo, hi)[:, None]", "xp.arange(hi - lo)[:, None]"),
    Mutant("scores not scaled", "attention.py", "    return math.sqrt(q.shape[-1])", "    return 1.0"),
    Mutant("scaled by E and not by its root", "attention.py", "    return math.sqrt(q.shape[-1])", "    return float(q.shape[-1])"),
    Mutant("scaled by the whole width", "attention.py", "    return math.sqrt(q.shape[-1])", "    return math.sqrt(q.shape[-1] * q.shape[1])"),
    Mutant("keys' gradient not scaled", "attention.py", "@ q[:, :, lo:hi] / scale  # Q.2*", "@ q[:, :, lo:hi]  # Q.2*"),
    Mutant("queries' gradient not scaled", "attention.py", "dq[:, :, lo:hi] = da @ k[:, :, :hi] / scale", "dq[:, :, lo:hi] = da @ k[:, :, :hi]"),
    Mutant("weights' sum held constant", "attention.py", "da = w * (dw - (w * dw).sum(axis=-1, keepdims=True))", "da = w * dw"),
    Mutant("a softmax over the readers", "attention.py", "w = e / e.sum(axis=-1, keepdims=True)", "w = e / e.sum(axis=-2, keepdims=True)"),
    Mutant("values' gradient of the last part alone", "attention.py", "dv[:, :, :hi] += w", "dv[:, :, :hi] = w"),
    Mutant("keys' gradient of the last part alone", "attention.py", "dk[:, :, :hi] += da", "dk[:, :, :hi] = da"),
    Mutant("values and keys exchanged", "attention.py", "s[:, :, lo:hi] = w @ v[:, :, :hi]", "s[:, :, lo:hi] = w @ k[:, :, :hi]"),
    Mutant("inputs hear nothing of keys", "attention.py", " + each_times(dk, W_k)", ""),
    Mutant("units dealt to heads like cards", "attention.py", "x.reshape(T, B, heads, H // heads).transpose(1, 2, 0, 3)", "x.reshape(T, B, H // heads, heads).transpose(1, 3, 0, 2)"),
    Mutant("the last part left out", "attention.py", "range(0, T, ROWS)", "range(0, max(T - ROWS, 1), ROWS)"),
    Mutant("no rectifier", "feed_forward.py", "where(u.real > 0, u, 0)", "where(u.real > 0, u, u)"),
    Mutant("every unit passes its gradient on", "feed_forward.py", "where(f.real > 0, df, 0)", "where(f.real > 0, df, df)"),
    Mutant("W_1 learns from the gradient before the rectifier", "feed_forward.py", "outer_sum(du, x)", "outer_sum(df, x)"),
    Mutant("no path past the attention", "block.py", "m = x + read", "m = read"),
    Mutant("no path past the feed-forward layer", "block.py", "y = m + added", "y = added"),
    Mutant("the attention reads what was not normalised", "block.py", "attended = attention(p, ", "attended = attention(x, "),
    Mutant("the second norm takes the first one's weights", "block.py", 'layer_norm(m, params["gain_r"], params["bias_r"])', 'layer_norm(m, params["gain_p"], params["bias_p"])'),
    Mutant("no gradient past the attention", "block.py", "dx = dm + through_p", "dx = through_p"),
    Mutant("no gradient past the feed-forward layer", "block.py", "dm = dy + through_r", "dm = through_r"),
    Mutant("the attention's gradient from behind the block", "block.py", "attention_backward(dm,", "attention_backward(dy,"),
    Mutant("no positions", "network.py", ' + position  # W.1', "  # W.1"),
    Mutant("positions counted over the batch", "network.py", ".astype(x.dtype)[:, None]", ".astype(x.dtype)[:x.shape[1]]"),
    Mutant("no last norm", "network.py", 'y = each_times(n, params["V"].T)', 'y = each_times(g, params["V"].T)'),
    Mutant("blocks from the first to the last on the way back", "network.py", "range(len(params), 0, -1)", "range(1, len(params) + 1)"),
    Mutant("the first block's weights in every block", "network.py", "block(x, of_block, heads)", "block(x, params[0], heads)"),
    Mutant("sines and cosines exchanged", "positions.py", "xp.where(unit % 2 == 0,", "xp.where(unit % 2 == 1,"),
    Mutant("a wavelength of its own for every unit", "positions.py", "(unit - unit % 2) / H", "unit / H"),
    Mutant("positions from 1", "positions.py", "xp.arange(T)[:, None]", "xp.arange(1, T + 1)[:, None]"),
]  # fmt: skip
