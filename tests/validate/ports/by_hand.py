"""NumPy, one sequence after the other, outputs alone: the forward pass of somebody's blog post."""

import numpy as np


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _run(p, xs, k_top, order):
    H = len(p["w_a"])
    h, c = np.zeros(H), np.zeros(H)
    memory: list[np.ndarray] = []
    ys: list[np.ndarray] = []
    for x in xs:
        z = dict(zip(order, np.split(p["W_ih"] @ x + p["W_hh"] @ h + p["b"], 4), strict=True))
        c = _sigmoid(z["f"]) * c + _sigmoid(z["i"]) * np.tanh(z["g"])
        h = _sigmoid(z["o"]) * np.tanh(c)
        s = np.zeros(H)
        if memory:
            scores = np.array([p["w_a"] @ np.tanh(p["W_m"] @ m + p["W_q"] @ h) for m in memory])
            chosen = np.argsort(scores)[::-1][:k_top]
            weights = np.exp(scores[chosen] - scores.max())
            s = weights / weights.sum() @ np.array(memory)[chosen]
        h = h + s
        memory.append(h)
        ys.append(p["V_h"] @ h + p["V_s"] @ s + p["d"])
    return np.array(ys)


def softmax_of_the_top(config, params, x, dy):
    rows = [_run(params, x[:, b], config["k_top"], "ifgo") for b in range(x.shape[1])]
    return {"y": np.stack(rows, axis=1)}


def other_gates(config, params, x, dy):
    rows = [_run(params, x[:, b], config["k_top"], "ifog") for b in range(x.shape[1])]
    return {"y": np.stack(rows, axis=1)}
