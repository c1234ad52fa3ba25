// Which slots a row reads and with what weight, and the way back: sabcore/step/sparsify.py for one block's list.

struct List {    // in shared memory, unless it can be too long
    int* slots;  // (n,) ranked where the rule ranks
    real* a;     // (n,) their scores
    real* w;     // (n,) their weights
    real* S;     // one number: that of S.3, or the sum by which a softmax divides
    real* last_a = nullptr;    // on the way back, of the entries that send gradient the one of least score: that,
    int* last_sent = nullptr;  //   and where it stands; -1 if all do
};

// The rule that applies to a memory of N >= 1 slots.
__device__ inline int rule_for(const Plan& plan, int N) {
    return plan.sparsifier == SOFTMAX || N > plan.k_top ? plan.sparsifier : plan.small_memory;
}

__device__ inline real excess(const Plan& plan, real a, real theta) {
    real v = a - theta - plan.margin;  // S.2
    return v > 0 ? v : real(0);        // S.2
}

// scores[:N] -> list.slots and list.a of the slots that have weight or gradient; returns how many. By one warp.
__device__ inline int select(const Plan& plan, int N, const real* scores, List list, Candidates scratch) {
    int rule = rule_for(plan, N), r = N;
    if (rule == THRESHOLD) r = min(plan.rank, N);
    if (rule == SOFTMAX && plan.k_top > 0) r = min(plan.k_top, N);
    Candidates chosen = {list.slots, list.a};
    if (rule != THRESHOLD && r == N) return append(scores, N, chosen, 0, [](real, int) { return true; });
    rank_best(scores, N, r, list.slots, list.a, scratch);
    if (rule != THRESHOLD || plan.margin >= 0) return r;
    int last = list.slots[r - 1];  // a negative margin lets in what comes close to theta, too
    real theta = list.a[r - 1];    // S.1
    return append(scores, N, chosen, r, [&](real score, int j) {
        return before(theta, last, score, j) && excess(plan, score, theta) > 0;
    });
}

// list.a of n slots -> list.w and S. By one warp.
__device__ inline void weigh(const Plan& plan, int N, int n, List list) {
    int rule = rule_for(plan, N);
    real temperature = rule == SOFTMAX ? plan.temperature : real(1), S = 0;
    real theta = list.a[min(plan.rank, n) - (plan.rank > 0)];  // S.1
    real largest = list.a[lane_of_warp() < n ? lane_of_warp() : 0];
#pragma unroll 1
    for (int i = lane_of_warp(); i < n; i += WARP) largest = fmax(largest, list.a[i]);
    largest = warp_max(largest);
#pragma unroll 1
    for (int i = lane_of_warp(); i < n; i += WARP) {
        real z = (list.a[i] - largest) / temperature;                           // F.1
        real v = rule == THRESHOLD ? excess(plan, list.a[i], theta) : exp(z);   // S.2
        list.w[i] = v;
        S += v;
    }
    S = sum_lanes<WARP>(S) + (rule == THRESHOLD ? plan.eps : real(0));          // S.3
#pragma unroll 1
    for (int i = lane_of_warp(); i < n; i += WARP) {
        real w = list.w[i] / S;                                                 // S.4, F.2
        list.w[i] = rule == RAW ? list.a[i] : w;                                // R.1, M.2
    }
    if (lane_of_warp() == 0) *list.S = S;
}

// list.a of n slots -> which send gradient, the k_back of largest score, for `sends`. By one warp.
__device__ inline void find_sent(const Plan& plan, int n, List list, Candidates sent, Candidates scratch) {
    if (n > plan.k_back) rank_best(list.a, n, plan.k_back, sent.indices, sent.values, scratch);
    if (lane_of_warp()) return;
    *list.last_sent = n > plan.k_back ? sent.indices[plan.k_back - 1] : -1;
    if (n > plan.k_back) *list.last_a = sent.values[plan.k_back - 1];
}

// Whether the list's entry i does. What does not counts in the sums all the same.
__device__ inline bool sends(List list, int i) {
    return !SENDS_FEW || *list.last_sent < 0 || !before(*list.last_a, *list.last_sent, list.a[i], i);
}

// What da_i is made of besides dw_i, on one gradient level: sums over the list.
struct Sums {
    int rule, last;           // last: the entry that theta is
    real theta, best, shift;  // best: dw of the best slot; sum w = 1 - eps / S, so from there nothing cancels
    real total;               // of all da before theta's share
};

__device__ inline real da_before_theta(const Plan& plan, const Sums& sums, List list, const real* dw, int i) {
    real dv = quotient(dw[i] - sums.best + sums.shift, *list.S);                  // S.3*, S.4*
    real da = excess(plan, list.a[i], sums.theta) > 0 ? dv : real(0);             // S.2*
    return da;
}

// list and dw of n slots, complete -> their sums, the same in every thread. Each warp finds them by itself.
__device__ inline Sums sum_up(const Plan& plan, int N, int n, List list, const real* dw) {
    Sums sums = {rule_for(plan, N), min(plan.rank, n) - 1, 0, 0, 0, 0};
    if (sums.rule == RAW) return sums;
    real mean = 0;
    if (sums.rule == THRESHOLD) sums.theta = list.a[sums.last], sums.best = dw[0];  // S.1
#pragma unroll 1
    for (int i = lane_of_warp(); i < n; i += WARP) mean += (dw[i] - sums.best) * list.w[i];
    sums.shift = sums.best * (plan.eps / *list.S) - sum_lanes<WARP>(mean);
    if (sums.rule != THRESHOLD) return sums;
#pragma unroll 1
    for (int i = lane_of_warp(); i < n; i += WARP) sums.total += da_before_theta(plan, sums, list, dw, i);
    sums.total = sum_lanes<WARP>(sums.total);
    return sums;
}

// da of the list's entry i.
__device__ inline real sparsify_backward(const Plan& plan, const Sums& sums, List list, const real* dw, int i) {
    real da = dw[i];                                                              // R.1*
    if (sums.rule == THRESHOLD) {
        da = da_before_theta(plan, sums, list, dw, i);
        if (i == sums.last) da -= sums.total;                                     // S.1*
    } else if (sums.rule != RAW) {
        real dz = list.w[i] * (dw[i] + sums.shift);                               // F.2*
        da = sums.rule == SOFTMAX ? dz / plan.temperature : dz;                   // F.1*
    }
    return da;
}
