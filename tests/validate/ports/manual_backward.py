"""SAB with a backward pass written by hand, in NumPy."""

import numpy as np


def sigm(a):
    return 1 / (1 + np.exp(-a))


class SAB:
    def __init__(self, config, p):
        self.cfg, self.p = config, p

    def read(self, hhat):
        M = np.stack(self.memory, 1)  # B N H
        u = np.tanh(M @ self.p["W_m"].T + (hhat @ self.p["W_q"].T)[:, None])
        a = u @ self.p["w_a"]
        r = min(self.cfg["k_top"] + 1, a.shape[1])
        order = np.argsort(-a, axis=1, kind="stable")[:, r - 1]
        v = np.maximum(a - np.take_along_axis(a, order[:, None], 1), 0)
        S = v.sum(1, keepdims=True) + self.cfg["eps"]
        w = v / S
        return np.einsum("bn,bnh->bh", w, M), (M, u, order, v, S, w)

    def forward(self, x):
        p, H = self.p, self.cfg["hidden_size"]
        h = c = np.zeros((x.shape[1], H))
        self.memory: list[np.ndarray] = []
        self.steps: list[int] = []
        self.tape: list[tuple] = []
        ys: list[np.ndarray] = []
        for t in range(len(x)):
            z = x[t] @ p["W_ih"].T + h @ p["W_hh"].T + p["b"]
            i, f, g, o = sigm(z[:, :H]), sigm(z[:, H : 2 * H]), np.tanh(z[:, 2 * H : 3 * H]), sigm(z[:, 3 * H :])
            cn = f * c + i * g
            tc = np.tanh(cn)
            hhat = o * tc
            s, att = self.read(hhat) if self.memory else (np.zeros_like(hhat), None)
            hn = hhat + s
            ys.append(hn @ p["V_h"].T + s @ p["V_s"].T + p["d"])
            self.tape.append((x[t], h, c, i, f, g, o, tc, hhat, s, hn, att, len(self.memory)))
            if (t + 1) % self.cfg["k_att"] == 0:
                self.memory.append(hn)
                self.steps.append(t)
            h, c = hn, cn
        return np.stack(ys)

    def backward(self, dy):
        p, k = self.p, self.cfg["k_trunc"]
        G = {n: np.zeros_like(v) for n, v in p.items()}
        dx = np.zeros((*dy.shape[:2], p["W_ih"].shape[1]))
        dM = [0.0 for _ in self.memory]
        dh = dc = 0.0
        for t in reversed(range(len(dy))):
            xt, h, c, i, f, g, o, tc, hhat, s, hn, att, n = self.tape[t]
            dhn = dh + dy[t] @ p["V_h"]
            if t in self.steps:
                dhn = dhn + dM[self.steps.index(t)]
            ds = dhn + dy[t] @ p["V_s"]
            dhhat = dhn
            G["V_h"] += dy[t].T @ hn
            G["V_s"] += dy[t].T @ s
            G["d"] += dy[t].sum(0)
            if att is not None:
                M, u, order, v, S, w = att
                dw = np.einsum("bh,bnh->bn", ds, M)
                dv = dw / S * (v > 0)
                da = dv.copy()
                da[np.arange(len(da)), order] -= dv.sum(1)
                du = da[..., None] * p["w_a"] * (1 - u**2)
                G["w_a"] += np.einsum("bn,bna->a", da, u)
                G["W_m"] += np.einsum("bna,bnh->ah", du, M)
                G["W_q"] += du.sum(1).T @ hhat
                dhhat = dhhat + du.sum(1) @ p["W_q"]
                for j in range(n):
                    dM[j] = dM[j] + w[:, j, None] * ds + du[:, j] @ p["W_m"]
            dcn = dc + dhhat * o * (1 - tc**2)
            dz = np.hstack(
                (dcn * g * i * (1 - i), dcn * c * f * (1 - f), dcn * i * (1 - g**2), dhhat * tc * o * (1 - o))
            )
            G["W_ih"] += dz.T @ xt
            G["W_hh"] += dz.T @ h
            G["b"] += dz.sum(0)
            dx[t] = dz @ p["W_ih"]
            dh, dc = dz @ p["W_hh"], dcn * f
            if k and t > 0 and t % k == 0:
                dh = dc = 0.0
        return dx, G


def port(config, params, x, dy):
    net = SAB(config, params)
    y = net.forward(x)
    dx, G = net.backward(dy)
    return {"y": y, "grad.x": dx, **{"grad." + n: v for n, v in G.items()}}
