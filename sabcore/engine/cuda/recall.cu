// Reading the memory, and the way back: sabcore/step/recall.py for one block.

// list of n slots -> s of the thread's unit.
__device__ inline real read(const Plan& plan, const Tape& tape, List list, int n) {
    int unit = threadIdx.x / UNIT_LANES;
    real sum = 0;
#pragma unroll 4
    for (int i = threadIdx.x % UNIT_LANES; i < n; i += UNIT_LANES)
        sum += list.w[i] * tape.h[size_t(memory_row(plan, list.slots[i])) * H + unit];
    real s = sum_lanes<UNIT_LANES>(sum);  // M.3
    return s;
}

// ds (H,) -> dw of the list, complete at the next barrier, and dM += w ds of those that send. One warp a slot.
__device__ inline void read_backward(const Plan& plan, const Tape& tape, const Gradients& grads, List list, int n,
                                     const real* ds, real* dw) {
    for (int i = threadIdx.x / WARP; i < n; i += THREADS / WARP) {
        const Vec* m = reinterpret_cast<const Vec*>(tape.h + size_t(memory_row(plan, list.slots[i])) * H);
        Vec* dm = reinterpret_cast<Vec*>(grads.dM + (size_t(list.slots[i]) * plan.B + blockIdx.x) * H);
        const bool credited = sends(list, i);
        real w = list.w[i], sum = 0;
        for (int p = lane_of_warp(); p < H / 4; p += WARP) {
            Vec d = reinterpret_cast<const Vec*>(ds)[p];
            sum = dot(m[p], d, sum);
            if (!credited) continue;
            Vec old = dm[p];
            dm[p] = {fma(w, d.x, old.x), fma(w, d.y, old.y), fma(w, d.z, old.z), fma(w, d.w, old.w)};  // M.3*
        }
        sum = sum_lanes<WARP>(sum);
        if (lane_of_warp() == 0) dw[i] = sum;  // M.3*
    }
}

// list and dw, complete -> the slots' dkeys; returns dq of the thread's unit of the query and adds to its dw_a.
__device__ inline real credit_keys(const Plan& plan, const Tape& tape, const Gradients& grads, List list, int N, int n,
                                   const real* dw, QueryUnit query, real w_a, real& dw_a) {
    Sums sums = sum_up(plan, N, n, list, dw);
    int unit = threadIdx.x / KEY_LANES;
    real sum = 0;
#pragma unroll 4
    for (int i = threadIdx.x % KEY_LANES; i < n && unit < (ADDITIVE ? A : 1); i += KEY_LANES) {
        if (!sends(list, i)) continue;
        size_t row = size_t(list.slots[i]) * plan.B + blockIdx.x;
        real da = sparsify_backward(plan, sums, list, dw, i);                                          // M.2*
        UnitCredit credit = score_backward(da, tape.kinds[row], tape.keys[row * A + unit], query, w_a);
        grads.dkeys[row * A + unit] += credit.dk;                                                      // M.1*
        sum += credit.dk;
        dw_a += credit.dw_a;
    }
    real dq = sum_lanes<KEY_LANES>(sum);  // A.3*, P.3*
    return dq;
}
