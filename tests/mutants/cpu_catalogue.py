"""Named mistakes of the CPU engine: what it does differently from the plain one, with one thing wrong each."""

from __future__ import annotations

from typing import NamedTuple

from sabcore.validate.mistakes.record import Change


class Mutant(NamedTuple):
    """In `file`, of the CPU engine's folder or `rules.py`, `old`, which stands there once, reads `new`."""

    name: str
    file: str
    old: str
    new: str

    @property
    def change(self) -> Change:
        """The same, as `sabcore.validate.mistakes.build` wants it."""
        folder = "engine" if self.file == "rules.py" else "engine/cpu"
        return Change(f"{folder}/{self.file}", self.old, self.new)


PLAN = [
    Mutant("bias as the first input", "plan.py", 'np.concatenate((of("W_ih").T, of("b")[None]))', 'np.concatenate((of("b")[None], of("W_ih").T))'),
    Mutant("W_q in the place of W_m", "plan.py", 'W_m_T=transposed("W_m")', 'W_m_T=transposed("W_q")'),
    Mutant("rank of theta swapped", "rules.py", '(config.threshold_rank == "k_top+1")', '(config.threshold_rank != "k_top+1")'),
    Mutant("sliding truncation cuts at segments too", "rules.py", '"k_trunc": 0 if sliding or config.k_trunc is None', '"k_trunc": 0 if config.k_trunc is None'),
]  # fmt: skip
BLOCKS = [
    Mutant("only the first block's weight gradients", "__init__.py", "dW = grad.dW.sum(axis=0)", "dW = grad.dW[0]"),
    Mutant("initial state's gradient from one level", "__init__.py", "d.sum(axis=1).reshape(-1, plan.H)", "d[:, 0].reshape(-1, plan.H)"),
    Mutant("sums not cleared between passes", "__init__.py", '"dV_h", "dV_s", "dd"', '"dV_h", "dd"'),
    Mutant("rows of a block all given the first one's inputs", "gates.py", "row[u] = x[t, b * plan.R + r, u]", "row[u] = x[t, b * plan.R, u]"),
    Mutant("rows of all blocks given the first block's inputs", "gates.py", "row[u] = x[t, b * plan.R + r, u]", "row[u] = x[t, r, u]"),
    Mutant("input gradients of a block's first row for all", "gates.py", "grad.dx[(t - lo) * R + r]", "grad.dx[(t - lo) * R]"),
    Mutant("outputs of a panel's first step for all", "readout.py", "at = (t - lo) * plan.R + r", "at = r"),
    Mutant("the first row's cotangent for the whole block", "readout.py", "dy[t, b * R + r, u]", "dy[t, b * R, u]"),
]  # fmt: skip
PANELS = [
    Mutant("chunks of the backward pass from the front", "__init__.py", "reversed(list(_chunks(plan)))", "list(_chunks(plan))"),
    Mutant("unfinished panel's outputs left out", "forward.py", "if t % plan.P == 0 or t == hi:", "if t % plan.P == 0:"),
    Mutant("outputs of a panel's last step alone", "forward.py", "(t - 1) // plan.P * plan.P, t)", "t - 1, t)"),
    Mutant("every panel's gates into the first panel's place", "gates.py", "lo % len(tape.gates)", "0"),
    Mutant("gates of the next step", "gates.py", "gates = tape.gates[(t - 1) % len(tape.gates)]", "gates = tape.gates[t % len(tape.gates)]"),
    Mutant("bias input forgotten", "gates.py", "row[plan.I] = one", "row[plan.I] = 0"),
    Mutant("W_hh learns from the new state", "gates.py", "tape.h[lo:hi].reshape(rows, plan.H)", "tape.h[lo + 1 : hi + 1].reshape(rows, plan.H)"),
    Mutant("a panel's weight gradients overwrite the last one's", "gates.py", "add(grad.dW, grad.of_dW)", "grad.dW[:] = grad.of_dW"),
    Mutant("W_q learns from h for hhat", "credit.py", "tape.hhat[lo:hi].reshape(rows, plan.H), grad.dq_sum", "tape.h[lo + 1 : hi + 1].reshape(rows, plan.H), grad.dq_sum"),
    Mutant("the last recomputed gates of a panel not activated", "backward.py", "for t in range(start + 1, stop + 1):", "for t in range(start + 1, stop):"),
    Mutant("gates never recomputed", "backward.py", "if len(tape.gates) < plan.T:", "if False:"),
    Mutant("d learns from all rows but a panel's first", "readout.py", "for row in range(rows):", "for row in range(1, rows):"),
    Mutant("V_s learns in the last panel alone", "readout.py", "add(grad.dV_s, grad.of_dV)", "grad.dV_s[:] = grad.of_dV"),
]  # fmt: skip
LEVELS = [
    Mutant("the loss injects on the slots' level", "backward.py", "add(dh[plan.loss_level], grad.dh_loss", "add(dh[plan.slot_level], grad.dh_loss"),
    Mutant("slots inject on the loss's level", "backward.py", "dh[plan.slot_level])", "dh[plan.loss_level])"),
    Mutant("summary's loss gradient on level 0", "backward.py", "grad.ds[plan.loss_level]", "grad.ds[0]"),
    Mutant("weights learn from all levels but one", "backward.py", "for level in range(1, L):", "for level in range(2, L):"),
    Mutant("dq of a step piles up over panels", "backward.py", "    dq_sum[:] = 0\n", ""),
    Mutant("dq of a row piles up over steps", "backward.py", "    grad.dq[:] = 0\n", ""),
    Mutant("provisional state gets the query's gradient alone", "backward.py", "add(grad.dhhat, grad.dh)", "add(grad.dhhat, 0 * grad.dh)"),
    Mutant("memories' gradient from one level", "read.py", "add_scaled(ds_sum, ds_sum.dtype.type(1), grad.ds[level, r])", "add_scaled(ds_sum, ds_sum.dtype.type(1), grad.ds[0, r])"),
    Mutant("keys' gradient from the last level", "read.py", "total += da[level, i]", "total = da[level, i]"),
    Mutant("levels of a read pile up", "read.py", "    ds_sum[:] = 0\n", ""),
    Mutant("a level keeps the cell of the one above", "truncation.py", "        dc[plan.bounded - 1] = 0  # T.2*\n", ""),
    Mutant("the edge into the initial state is cut", "truncation.py", "if t > 1 and plan.bounded > 0:", "if plan.bounded > 0:"),
    Mutant("cell not cut between segments", "truncation.py", "        dc[:] = 0  # T.1*\n", ""),
]  # fmt: skip
LSTM = [
    Mutant("tanh of the cell half differentiated", "lstm.py", "o * (one - tanh_c * tanh_c)", "o * (one - tanh_c)"),
    Mutant("input gate differentiated without itself", "lstm.py", "g * i * (one - i)", "g * (one - i)"),
    Mutant("forget gate times the new cell", "lstm.py", "c_r[u] * f * (one - f)", "c_new_r[u] * f * (one - f)"),
    Mutant("cell gradient of later steps dropped", "lstm.py", "dc_r[u] += dhhat_r[u] * factor[u]", "dc_r[u] = dhhat_r[u] * factor[u]"),
    Mutant("cell passed on through the input gate", "lstm.py", "dc_r[u] *= gate[H + u]", "dc_r[u] *= gate[u]"),
]  # fmt: skip
READ = [
    Mutant("k_att forgotten where memories stand", "read.py", "add_scaled(s, w[i], h[step_of(idx[i], plan.first_slot, plan.k_att), r])", "add_scaled(s, w[i], h[step_of(idx[i], plan.first_slot, 1), r])"),
    Mutant("a list that did not fit is not selected again", "read.py", "    if n < 0 or keeps_sent(plan):\n", "    if n < -1 or keeps_sent(plan):\n"),
    Mutant("a list that did not fit loses its last entry", "read.py", "        n = select(plan, N, scratch)\n    else:", "        n = select(plan, N, scratch) - 1\n    else:"),
    Mutant("lists taken for longer than they are", "read.py", "    n = tape.listed[t - 1, r]\n    if n < 0", "    n = max(tape.listed[t - 1, r] - 1, -1)\n    if n < 0"),
    Mutant("summary of the pass before left standing", "forward.py", "        tape.s[t - 1] = 0\n", ""),
    Mutant("first slot's key written a step late", "forward.py", "if t == 1 and plan.first_slot == 0:", "if t == 2 and plan.first_slot == 0:"),
    Mutant("a share of the scores left out", "forward.py", "min(N, start + share))", "min(N, start + share - 1))"),
    Mutant("no scores where there are too few to share", "forward.py", "0 if split else N)", "N if split else 0)"),
    Mutant("far pairs taken for near ones", "score.py", "any_beyond(q[r], q.dtype.type(MODERATE_QUERY))", "False"),
    Mutant("lost units not restored in scores", "score.py", "return a + lost_part(weights.W_m, weights.w_a, m, key, q, tq, sq, rise, fall)", "return a"),
    Mutant("lost units not restored in slopes", "score.py", "    restore_slopes(weights.W_m, weights.w_a, m, key, scratch.q[r], e, slope)\n", ""),
    Mutant("far keys not cut off", "additive.py", "size = min(abs(far_key[u]), limit)", "size = abs(far_key[u])"),
    Mutant("queries beyond their limit cut off", "lost.py", "return (q < -reach and gk >= limit) or (q > reach and gk <= -limit)", "return q < -reach and gk >= limit"),
    Mutant("the odd unit of a near score left out", "additive.py", "for u in range(2 * half, len(tq)):", "for u in range(0):"),
    Mutant("the odd unit of a far score left out", "additive.py", "for u in range(2 * half, len(far_key)):", "for u in range(0):"),
    Mutant("a far score not halved", "additive.py", "return total / (one + one)", "return total"),
    Mutant("near slopes divided once", "additive.py", "(one - key[u] * key[u]) * y * y", "(one - key[u] * key[u]) * y"),
    Mutant("rise and fall exchanged", "additive.py", "rise[u] = large if tq[u] > one - one else small", "rise[u] = small if tq[u] > one - one else large"),
]  # fmt: skip
SPARSIFY = [
    Mutant("small memory one slot too small", "sparsify.py", "N > plan.k_top:", "N >= plan.k_top:"),
    Mutant("slots of a negative margin left out", "sparsify.py", "if plan.margin < 0 else r", "if False else r"),
    Mutant("a slot that ties with theta listed twice", "sparsify.py", "j <= last)", "j < last)"),
    Mutant("theta of the list's last entry", "sparsify.py", "theta = a[min(plan.rank, N) - 1]", "theta = a[n - 1]"),
    Mutant("theta's gradient to the best slot", "sparsify.py", "da[last] -= total", "da[0] -= total"),
    Mutant("theta's gradient dropped", "sparsify.py", "        da[last] -= total  # S.1*\n", ""),
    Mutant("eps forgotten on the way back", "sparsify.py", "dw[i] - best - mean + rest", "dw[i] - best - mean"),
    Mutant("temperature in small memories too", "sparsify.py", "softmax_backward(plan.temperature if rule == SOFTMAX else a.dtype.type(1),", "softmax_backward(plan.temperature,"),
    Mutant("every slot sends gradient", "sparsify.py", "if plan.k_back == 0 or n <= plan.k_back:", "if True:"),
    Mutant("of a read of every slot all but one are lost", "sparsify.py", "n, w = min(plan.k_back, N), scratch.w", "n, w = 1, scratch.w"),
    Mutant("slots left out of the softmax's mean", "read.py", "mean = dot(grad.ds[level, r], tape.s[t - 1, r])", "mean = dot(w[:n], dw[level][:n])"),
    Mutant("memories send gradient that their scores do not", "read.py", "        i = scratch.sent[p]\n", "        i = p\n"),
]  # fmt: skip
CREDIT = [
    Mutant("a slot's gradient stays for the next pass", "credit.py", "        grad.dM[r, j] = 0\n", ""),
    Mutant("a key's gradient stays for the next pass", "credit.py", "        grad.dkeys[r, j] = 0\n", ""),
    Mutant("a separable key's gradient stays for the next pass", "credit.py", "        grad.dkeys[r, j, 0] = 0\n", ""),
    Mutant("W_m learns from the slots collected last", "credit.py", "add(grad.dW_m, grad.of_dW_m)", "grad.dW_m[:] = grad.of_dW_m"),
    Mutant("W_m learns from the provisional state", "credit.py", "grad.m_slots[n : n + R] = tape.h[t]", "grad.m_slots[n : n + R] = tape.hhat[max(t - 1, 0)]"),
    Mutant("slots collected last lost to W_m", "backward.py", "if grad.collected[0] > 0:", "if False:"),
    Mutant("initial state's slot never collected", "backward.py", "if plan.first_slot == 0:", "if False:"),
    Mutant("a slot collected a step early", "credit.py", "j = slot_of(t, plan.first_slot, plan.k_att)", "j = slot_of(t + 1, plan.first_slot, plan.k_att) if t < plan.T else -1"),
    Mutant("separable: query's tanh not differentiated", "credit.py", "weights.u_q[u] * (one - e * e)", "weights.u_q[u]"),
]  # fmt: skip
VECTORMATH = [
    Mutant("exp of large negative numbers wraps around", "vectormath.py", "    x = _LOW64 if x < _LOW64 else x\n", ""),
    Mutant("exp of large numbers wraps around", "vectormath.py", "    x = _HIGH64 if x > _HIGH64 else x\n", ""),
]  # fmt: skip

CPU_MUTANTS = [*PLAN, *BLOCKS, *PANELS, *LEVELS, *LSTM, *READ, *SPARSIFY, *CREDIT, *VECTORMATH]
