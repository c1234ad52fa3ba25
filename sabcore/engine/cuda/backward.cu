// The way back: one block carries the gradients of one batch row through the whole sequence, in the order of
// sabcore/engine/plain.py.
//
// A row's slots are touched by its own block alone, the slots of one read are distinct, and each number has one thread
// at a time that adds to it: plain +=, the same bits every time. Gradient levels (sabcore/engine/truncation.py) come
// one after the other. A level waits four times.

struct BackwardShared {
    real dz[2][4 * H];  // of this level's gates and of the last one's, in turns
    real ds[H];
    real dq[A];
    real q[A], e[A], n[A], w_a[A];  // as in ForwardShared; only to select again
    real S;
    real last_a;    // of the entries that send gradient, the one of least score: that,
    int reads;
    int last_sent;  //   and where it stands
    Vec W_hh[KEPT_GATES_BACK * 4 * GatesBack::WORKERS + 1];
    Vec W_q[KEPT_QUERY_BACK * 4 * QueryBack::WORKERS + 1];
    Vec W_m[KEPT_KEY_BACK * 4 * KeyBack::WORKERS + 1];
};
static_assert(sizeof(BackwardShared) == BACKWARD_BYTES, "build.py counts the backward kernel's shared memory otherwise");

struct BackwardLists {
    real* dh;            // (L,THREADS): each thread its own, of its unit, by level
    real* dc;            // (L,THREADS)
    List list;           // (most,)
    real* dw;            // (most,)
    Candidates sent;     // (k_back,) the entries that send gradient, ranked
    Candidates others;   // (most,) only to find them
    real* scores;        // (N,) only to select again
    Candidates scratch;  // (N,)
};

__device__ inline BackwardLists backward_lists(const Plan& plan, Arena arena, BackwardShared& near) {
    real *dh = arena.take<real>(plan.L * THREADS), *dc = arena.take<real>(plan.L * THREADS);
    List list = {arena.take<int>(plan.most), arena.take<real>(plan.most), arena.take<real>(plan.most), &near.S};
    list.last_a = &near.last_a, list.last_sent = &near.last_sent;
    BackwardLists lists = {dh, dc, list, arena.take<real>(plan.most)};
    if (SENDS_FEW) {
        const int few = min(plan.k_back, plan.most);
        lists.others = {arena.take<int>(plan.most), arena.take<real>(plan.most)};
        lists.sent = {arena.take<int>(few), arena.take<real>(few)};
    }
    if (REREADS) {
        lists.scores = arena.take<real>(plan.N);
        lists.scratch = {arena.take<int>(plan.N), arena.take<real>(plan.N)};
    }
    return lists;
}

// What a step left, of the thread's units: fetched while the step after it is under way.
struct Left {
    Vec gates;
    real c_, hhat, dh_loss, ds_loss, q;
    int reads;
};

__device__ inline Left fetch(const Plan& plan, const Tape& tape, const Gradients& grads, int t) {
    size_t now = size_t(t - 1) * plan.B + blockIdx.x, at = now * H + threadIdx.x / UNIT_LANES;
    Left left = {tape.gates[at], tape.c[at], 0, grads.dh_loss[at], 0, 0, 0};
    if (!MEMORY) return left;
    left.hhat = tape.hhat[at], left.ds_loss = grads.ds_loss[at], left.reads = tape.counts[now];
    left.q = tape.q[now * A + min(int(threadIdx.x) / KEY_LANES, A - 1)];
    return left;
}

// The slots that step t read, with their scores and weights, complete at the next barrier; returns how many.
__device__ inline int list_slots(const Plan& plan, const Tape& tape, int t, int n, QueryUnit query,
                                 BackwardShared& near, const BackwardLists& lists) {
    size_t now = size_t(t - 1) * plan.B + blockIdx.x;
    int N = slots_before(plan, t), lane = lane_of_warp();
    List list = lists.list;
    if (REREADS && n > plan.cap) {
        int unit = threadIdx.x / KEY_LANES;
        if (unit < A && threadIdx.x % KEY_LANES == 0)
            near.q[unit] = query.q, near.e[unit] = query.e, near.n[unit] = query.n;
        __syncthreads();  // for the query
        score_slots(plan, tape, N, {near.q, near.e, near.n}, near.w_a, lists.scores);  // M.1
        __syncthreads();  // for the scores
        if (threadIdx.x < WARP) select(plan, N, lists.scores, list, lists.scratch);
    } else if (threadIdx.x < WARP) {
        for (int i = lane; i < n; i += WARP)
            list.slots[i] = tape.slots[now * plan.cap + i], list.a[i] = tape.scores[now * plan.cap + i];
        __syncwarp();
    }
    if (threadIdx.x < WARP) weigh(plan, N, n, list);
    if (SENDS_FEW && threadIdx.x < WARP) find_sent(plan, n, list, lists.sent, lists.others);
    return n;
}

// What all reads of slot j, written by step t and complete by now, have found for the thread's unit of its memory.
__device__ inline real slot_credit(const Plan& plan, const Tape& tape, const Gradients& grads, const KeyBack& W_m,
                                   int j, int t) {
    size_t row = size_t(j) * plan.B + blockIdx.x;
    int unit = threadIdx.x / UNIT_LANES;
    real dm = grads.dM[row * H + unit];
    if (!plan.score_grad) return dm;
    real m = tape.h[(size_t(t) * plan.B + blockIdx.x) * H + unit];
    dm += own_sum<4 * UNIT_LANES>(W_m.times(grads.dkeys + row * A)) * feature_backward(m);  // A.1*, P.1*
    return dm;
}

// The level on which a gradient of step t's h_ and c_ goes on in the state of step t - 1; -1 if it is cut.
__device__ inline int carried_to(const Plan& plan, int t, int level) {
    bool cut = plan.k_trunc && t > 1 && (t - 1 + plan.segment_offset) % plan.k_trunc == 0;  // T.1
    if (cut || t == 1) return cut ? -1 : level;
    return level < plan.bounded ? level - 1 : level;
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
backward(Plan plan, Weights weights, Tape tape, Gradients grads, char* global_lists, size_t list_bytes) {
    extern __shared__ Vec pool[];
    BackwardShared& near = *reinterpret_cast<BackwardShared*>(pool);
    Arena arena = {global_lists ? global_lists + blockIdx.x * list_bytes : reinterpret_cast<char*>(&near + 1)};
    BackwardLists lists = backward_lists(plan, arena, near);
    GatesBack W_hh(weights.W_hh, near.W_hh);
    QueryBack W_q(weights.W_q, near.W_q);
    KeyBack W_m(weights.W_m, near.W_m);

    const int unit = threadIdx.x / UNIT_LANES, key_unit = threadIdx.x / KEY_LANES, mine = threadIdx.x;
    const bool is_first = threadIdx.x % UNIT_LANES == 0;
    const bool writes_dq = key_unit < A && threadIdx.x % KEY_LANES == 0;
    const real w_a = ADDITIVE ? weights.w_a[min(key_unit, A - 1)] : real(0);
    for (int level = 0; level < plan.L; level++) lists.dh[level * THREADS + mine] = lists.dc[level * THREADS + mine] = 0;
    for (int u = threadIdx.x; REREADS && ADDITIVE && u < A; u += THREADS) near.w_a[u] = weights.w_a[u];
    real dw_a = 0, c = tape.c[(size_t(plan.T) * plan.B + blockIdx.x) * H + unit];
    Left ahead = fetch(plan, tape, grads, plan.T);
    int turn = 0;

    for (int t = plan.T; t >= 1; t--) {
        size_t now = size_t(t - 1) * plan.B + blockIdx.x;
        Left left = ahead;
        if (t > 1) ahead = fetch(plan, tape, grads, t - 1);
        QueryUnit query = query_unit(left.q);
        const int n = left.reads, j = slot_of(plan, t);
        if (n > 0) list_slots(plan, tape, t, n, query, near, lists);
        lists.dh[plan.loss_level * THREADS + mine] += left.dh_loss;                    // B.5*
        if (j >= 0) lists.dh[plan.slot_level * THREADS + mine] += slot_credit(plan, tape, grads, W_m, j, t);  // B.4*
        Vec dz_sum = {0, 0, 0, 0};
        real dq_sum = 0;
        for (int level = 0; level < plan.L; level++, turn ^= 1) {
            real dh = lists.dh[level * THREADS + mine], dc = lists.dc[level * THREADS + mine], dhhat = dh;  // B.3*
            if (n > 0) {
                real ds = dh + (level == plan.loss_level ? left.ds_loss : real(0));    // B.3*
                if (is_first) near.ds[unit] = ds;
                __syncthreads();  // for ds and the list
                read_backward(plan, tape, grads, lists.list, n, near.ds, lists.dw);
                __syncthreads();  // for dw
                const int N = slots_before(plan, t);
                real dq = credit_keys(plan, tape, grads, lists.list, N, n, lists.dw, query, w_a, dw_a);  // B.2*
                dq_sum += dq;
                if (writes_dq) near.dq[key_unit] = dq;
                __syncthreads();  // for dq
                if (plan.score_grad)
                    dhhat += own_sum<4 * UNIT_LANES>(W_q.times(near.dq)) * feature_backward(left.hhat);  // A.2*, P.2*
            }
            CellGradients cell = lstm_step_backward(dhhat, dc, {left.gates, c, left.hhat}, left.c_);
            dc = cell.dc;                                                              // B.1*
            dz_sum = dz_sum + cell.dz;
            if (is_first) reinterpret_cast<Vec*>(near.dz[turn])[unit] = cell.dz;
            __syncthreads();  // for dz
            const int target = carried_to(plan, t, level);
            lists.dh[level * THREADS + mine] = lists.dc[level * THREADS + mine] = 0;   // T.1*
            if (target < 0) continue;
            dh = own_sum<4 * UNIT_LANES>(W_hh.times(near.dz[turn]));                   // L.1*
            lists.dh[target * THREADS + mine] = dh;                                    // T.2*
            lists.dc[target * THREADS + mine] = dc;                                    // T.2*
        }
        if (is_first) grads.dz[now * H + unit] = dz_sum;
        if (MEMORY && writes_dq) grads.dq[now * A + key_unit] = dq_sum;
        c = left.c_;
    }

    real dh = 0, dc = 0;
    for (int level = 0; level < plan.L; level++)
        dh += lists.dh[level * THREADS + mine], dc += lists.dc[level * THREADS + mine];
    const int j = slot_of(plan, 0);
    if (j >= 0) dh += slot_credit(plan, tape, grads, W_m, j, 0);                       // B.4*
    if (is_first) grads.dh0[blockIdx.x * H + unit] = dh, grads.dc0[blockIdx.x * H + unit] = dc;
    dw_a = sum_lanes<KEY_LANES>(dw_a);                                                 // A.4*
    if (MEMORY && writes_dq) grads.dw_a[blockIdx.x * A + key_unit] = dw_a;
}
