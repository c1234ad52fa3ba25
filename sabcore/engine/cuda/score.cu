// Keys, queries and scores of one batch row, from exponentials; the equations are those of sabcore/step/score.py.
//
//     tanh(k + q) = u / (u + 2),   u = exp(2k + 2q) - 1     derived in sabcore/proofs/engine/exponentials.md, U
//
// exp(2k) is kept when a slot is written and exp(2q) found once a step, so that a unit of a score costs two products
// and half a division. Taken apart, u = E e - 1 with E = exp(2k), e = exp(2q) is accurate where it is large, and
// u = m e + n with m = E - 1, n = e - 1 where k is small: a small score then is as accurate as tanh itself. Either is
// `key * e + base`. A slot with a unit beyond BIGGEST_NEAR_KEY keeps k itself and is scored by tanh.
//
// Both scores are treated alike: a key is W_m feature(m), a query W_q feature(hhat). Separable: feature is tanh, the
// matrices have one row that is not zero, and the first unit of a key is the key.

enum Kind { SMALL, LARGE, FAR };  // of a slot: m, E or k is kept of every unit

__device__ inline real feature(real m) { return ADDITIVE ? m : tanh(m); }

// The derivative of `feature`.
__device__ inline real feature_backward(real m) {
    if (ADDITIVE) return 1;
    real e = tanh(m);
    return 1 - e * e;
}

// Of a warp's units of a new key: the kind that they ask for. The slot's kind is the largest that any warp asks for.
__device__ inline int kind_wanted(real k, bool is_unit) {
    real size = is_unit && ADDITIVE ? fabs(k + k) : real(0);
    return __any_sync(ALL, size > 1) + __any_sync(ALL, size > BIGGEST_NEAR_KEY);
}

__device__ inline real key_to_keep(real k, int kind) {
    if (!ADDITIVE || kind == FAR) return k;
    return kind == SMALL ? expm1(k + k) : exp(k + k);                               // U.2
}

struct QueryUnit {
    real q;
    real e;  // exp(2q)
    real n;  // exp(2q) - 1
};

__device__ inline QueryUnit query_unit(real q) { return {q, exp(q + q), expm1(q + q)}; }  // U.1

// Where e is infinite, u is so too, or NaN, and fmin makes SATURATED of both: no key that is near brings tanh back from 1.
__device__ inline real score_u(real key, real e, real base) {
    return fmin(fma(key, e, base), SATURATED);                                        // U.3
}

// tanh(k + q) of one unit.
__device__ inline real unit_tanh(int kind, real key, QueryUnit query) {
    real u = score_u(key, query.e, kind == SMALL ? query.n : real(-1));
    real e = kind == FAR ? tanh(key + query.q) : quotient(u, u + 2);                  // A.3, U.4
    return e;
}

// w tanh(k + q) of two units, by one division.
__device__ inline real two_units(real u0, real w0, real u1, real w1) {
    real d0 = u0 + 2, d1 = u1 + 2;
    real w_e = quotient(w0 * u0 * d1 + w1 * u1 * d0, d0 * d1);                        // A.3, U.4
    return w_e;
}

struct QueryVectors {  // (A,) each, in shared memory
    real* q;
    real* e;
    real* n;
};

const int SIDE = 8;                 // so many neighbours work on one slot,
const int PIECES = A / (4 * SIDE);  // with so many times four units each

// What a thread's units of a slot that is far add to its score.
__device__ inline real far_share(const real* key, const real* q, const real* w_a) {
    real w_e = 0;
    for (int u = threadIdx.x % SIDE; u < A; u += SIDE) w_e += w_a[u] * tanh(key[u] + q[u]);  // A.3
    return w_e;
}

// The same of any other slot; e and w, the thread's units of the query and of w_a.
__device__ inline real score_share(const Vec* key, int kind, QueryVectors query, const Vec* e, const Vec* w) {
    int first = threadIdx.x % SIDE;
    real sum = 0;
#pragma unroll
    for (int p = 0; p < PIECES; p++) {
        Vec k = key[p * SIDE + first], base = {-1, -1, -1, -1};
        if (kind == SMALL) base = reinterpret_cast<Vec*>(query.n)[p * SIDE + first];
        sum += two_units(score_u(k.x, e[p].x, base.x), w[p].x, score_u(k.y, e[p].y, base.y), w[p].y);
        sum += two_units(score_u(k.z, e[p].z, base.z), w[p].z, score_u(k.w, e[p].w, base.w), w[p].w);
    }
    return sum;
}

// The row's keys and a query, w_a (A,) -> scores[:N], complete at the next barrier.
__device__ inline void score_slots(const Plan& plan, const Tape& tape, int N, QueryVectors query, const real* w_a,
                                   real* scores) {
    Vec e[PIECES], w[PIECES];
#pragma unroll
    for (int p = 0; p < PIECES; p++) {
        e[p] = reinterpret_cast<const Vec*>(query.e)[p * SIDE + threadIdx.x % SIDE];
        w[p] = reinterpret_cast<const Vec*>(w_a)[p * SIDE + threadIdx.x % SIDE];
    }
    for (int first = 0; first < N; first += THREADS / SIDE) {
        int j = first + threadIdx.x / SIDE;
        size_t row = size_t(j) * plan.B + blockIdx.x;
        const real* key = tape.keys + row * A;
        int kind = j < N ? tape.kinds[row] : SMALL;
        real share = 0;
        if (ADDITIVE && j < N && kind == FAR) share = far_share(key, query.q, w_a);
        if (ADDITIVE && j < N && kind != FAR) share = score_share(reinterpret_cast<const Vec*>(key), kind, query, e, w);
        real a = sum_lanes<SIDE>(share);                                              // A.4
        if (j < N && !ADDITIVE) a = key[0] + query.q[0];                             // P.3
        if (j < N && threadIdx.x % SIDE == 0) scores[j] = a;
    }
}

struct UnitCredit {
    real dk;   // of the key's unit and, from this slot, of the query's
    real dw_a;
};

// da of a slot's score -> what a unit of its key gets.
__device__ inline UnitCredit score_backward(real da, int kind, real key, QueryUnit query, real w_a) {
    real dk = da;                                                                     // P.3*
    if (!ADDITIVE) return {dk, 0};
    real e = unit_tanh(kind, key, query);
    real dw_a = da * e;                                                               // A.4*
    dk = da * w_a * (1 - e * e);                               // A.3*, U.4*, U.3*, U.2*, U.1*
    return {dk, dw_a};
}
