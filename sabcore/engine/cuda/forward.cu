// The way there: one block carries one batch row through the whole sequence.
//
// A thread owns one unit of the state, with UNIT_LANES - 1 neighbours that compute the same, and one unit of keys and
// queries, with KEY_LANES - 1 neighbours. A step waits five times, each time for what is named there.

struct ForwardShared {
    real h[2][H];       // h of the step before and of this one, in turns
    real m[2][H];       // feature(h)
    real seen[H];       // feature(hhat)
    real q[A];          // the query,
    real e[A];          //   exp(2q),
    real n[A];          //   exp(2q) - 1
    real w_a[A];
    real S;
    int reads;          // how many slots the step reads
    int wanted[WARP];   // the kind of key that each warp asks for
    Vec W_hh[KEPT_GATES * 4 * Gates::WORKERS + 1];
    Vec W_q[KEPT_QUERY * 4 * Query::WORKERS + 1];
    Vec W_m[KEPT_KEY * 4 * Key::WORKERS + 1];
};
static_assert(sizeof(ForwardShared) == FORWARD_BYTES, "build.py counts the forward kernel's shared memory otherwise");

struct ForwardLists {
    real* scores;        // (N,)
    Candidates scratch;  // (N,)
    List list;           // (most,)
};

__device__ inline ForwardLists forward_lists(const Plan& plan, Arena arena, real* S) {
    real* scores = arena.take<real>(plan.N);
    Candidates scratch = {arena.take<int>(plan.N), arena.take<real>(plan.N)};
    List list = {arena.take<int>(plan.most), arena.take<real>(plan.most), arena.take<real>(plan.most), S};
    return {scores, scratch, list};
}

// The key of slot j from m (H,); all warps say which kind it should be. Its neighbours each know the thread's unit.
__device__ inline real new_key(const Key& W_m, const real* m, int* wanted) {
    real k = own_sum<4 * KEY_LANES>(W_m.times(m));  // A.1, P.1
    int kind = kind_wanted(k, threadIdx.x / KEY_LANES < A);
    if (lane_of_warp() == 0) wanted[threadIdx.x / WARP] = kind;
    return k;
}

__device__ inline void keep_key(const Tape& tape, size_t row, real k, const int* wanted) {
    int unit = threadIdx.x / KEY_LANES, kind = SMALL;
    for (int i = 0; i < THREADS / WARP; i++) kind = max(kind, wanted[i]);
    if (unit < A && threadIdx.x % KEY_LANES == 0) tape.keys[row * A + unit] = key_to_keep(k, kind);
    if (threadIdx.x == 0) tape.kinds[row] = kind;
}

// q of the thread's unit, to the tape and to shared memory.
__device__ inline void ask(const Query& W_q, const Tape& tape, size_t now, ForwardShared& near) {
    int unit = threadIdx.x / KEY_LANES;
    real q = own_sum<4 * KEY_LANES>(W_q.times(near.seen));  // A.2, P.2
    if (unit >= A || threadIdx.x % KEY_LANES) return;
    QueryUnit query = query_unit(q);
    near.q[unit] = q, near.e[unit] = query.e, near.n[unit] = query.n;
    tape.q[now * A + unit] = q;
}

// q -> s of the thread's unit, from some of N slots.
__device__ inline real recall(const Plan& plan, const Tape& tape, int N, size_t now, ForwardShared& near,
                              const ForwardLists& lists) {
    List list = lists.list;
    score_slots(plan, tape, N, {near.q, near.e, near.n}, near.w_a, lists.scores);  // M.1
    __syncthreads();  // for the scores
    if (threadIdx.x < WARP) {
        int n = select(plan, N, lists.scores, list, lists.scratch);
        weigh(plan, N, n, list);
        if (threadIdx.x == 0) near.reads = n, tape.counts[now] = n;
    }
    __syncthreads();  // for the list
    int n = near.reads;
    for (int i = threadIdx.x; i < n && n <= plan.cap; i += THREADS)
        tape.slots[now * plan.cap + i] = list.slots[i], tape.scores[now * plan.cap + i] = list.a[i];
    return read(plan, tape, list, n);
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
forward(Plan plan, Weights weights, Tape tape, char* global_lists, size_t list_bytes) {
    extern __shared__ Vec pool[];
    ForwardShared& near = *reinterpret_cast<ForwardShared*>(pool);
    Arena arena = {global_lists ? global_lists + blockIdx.x * list_bytes : reinterpret_cast<char*>(&near + 1)};
    ForwardLists lists = forward_lists(plan, arena, &near.S);
    Gates W_hh(weights.W_hh, near.W_hh);
    Query W_q(weights.W_q, near.W_q);
    Key W_m(weights.W_m, near.W_m);

    const int unit = threadIdx.x / UNIT_LANES;
    const bool is_first = threadIdx.x % UNIT_LANES == 0;  // of the threads that own the unit; it writes
    size_t at = size_t(blockIdx.x) * H + unit;            // the unit's place in an array of states
    real c = tape.c[at];
    Vec given = is_first ? tape.gates[at] : Vec{0, 0, 0, 0};
    if (is_first) near.h[0][unit] = tape.h[at], near.m[0][unit] = feature(tape.h[at]);
    for (int u = threadIdx.x; ADDITIVE && u < A; u += THREADS) near.w_a[u] = weights.w_a[u];

    for (int t = 1; t <= plan.T; t++, at += size_t(plan.B) * H) {
        const int N = slots_before(plan, t), j = slot_of(plan, t - 1), before = (t - 1) % 2;
        size_t now = size_t(t - 1) * plan.B + blockIdx.x, next = at + size_t(plan.B) * H;
        Vec z = given;
        if (is_first && t < plan.T) given = tape.gates[next];
        __syncthreads();  // for h and feature(h)
        z = sum_lanes<UNIT_LANES>(z + W_hh.times(near.h[before]));                 // L.1
        Cell cell = lstm_step(z, c);
        c = cell.c;                                                                // B.1
        real s = 0, k = j >= 0 ? new_key(W_m, near.m[before], near.wanted) : real(0);
        if (MEMORY && N > 0) {
            if (is_first) near.seen[unit] = feature(cell.hhat);
            __syncthreads();  // for feature(hhat) and the kinds wanted
            if (j >= 0) keep_key(tape, size_t(j) * plan.B + blockIdx.x, k, near.wanted);  // B.4
            ask(W_q, tape, now, near);
            __syncthreads();  // for the query and the new key
            s = recall(plan, tape, N, now, near, lists);                           // B.2
        }
        real h = cell.hhat + s;                                                    // B.3
        if (!is_first) continue;
        near.h[t % 2][unit] = h, near.m[t % 2][unit] = feature(h);
        tape.gates[at] = cell.gates, tape.hhat[at] = cell.hhat;
        tape.c[next] = c, tape.h[next] = h;
        if (MEMORY) tape.s[at] = s;
        if (MEMORY && N == 0 && threadIdx.x == 0) tape.counts[now] = 0;
    }
}
