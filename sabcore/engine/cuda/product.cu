// Products of a matrix and a vector, the same matrix at every step: what a step costs is how near the weights are.
//
// A group of LANES neighbouring threads owns four rows of the matrix. Each of them takes every LANES-th piece of four
// columns, so that neighbours read neighbouring pieces of the vector, and has DEPTH of these: the first HELD in
// registers, the next KEPT in shared memory, the rest comes from global memory every time. The host packs a matrix as
// [DEPTH][4][GROUPS][LANES], so that a warp's fetch is one stretch of memory.

template <int GROUPS, int LANES, int COLUMNS, int HELD, int KEPT>
struct Product {
    static constexpr int PIECES = COLUMNS / 4;
    static constexpr int DEPTH = (PIECES + LANES - 1) / LANES;
    static constexpr int WORKERS = GROUPS * LANES;
    static_assert(WORKERS <= THREADS && HELD + KEPT <= DEPTH, "a product's parts do not fit together");

    const Vec* packed;
    Vec* kept;  // [KEPT][4][WORKERS]
    Vec held[HELD > 0 ? HELD : 1][4];

    // A thread reads what it has put into `kept` itself; one without a group, after a barrier, what another one has.
    __device__ Product(const Vec* packed, Vec* kept) : packed(packed), kept(kept) {
#pragma unroll
        for (int i = 0; i < HELD; i++)
            for (int k = 0; k < 4; k++) held[i][k] = packed[at(i, k)];
        for (int i = 0; i < KEPT && threadIdx.x < WORKERS; i++)
            for (int k = 0; k < 4; k++) kept[at(i, k)] = packed[at(HELD + i, k)];
    }

    // v (COLUMNS,) -> the thread's share of its group's four sums. A thread without a group repeats another one's work.
    __device__ Vec times(const real* v) const {
        Vec sum = {0, 0, 0, 0};
#pragma unroll
        for (int i = 0; i < HELD; i++) add(sum, held[i], v, i);
#pragma unroll 4
        for (int i = HELD; i < HELD + KEPT; i++) add_from(sum, kept, i - HELD, v, i);
#pragma unroll 4
        for (int i = HELD + KEPT; i < DEPTH; i++) add_from(sum, packed, i, v, i);
        return sum;
    }

  private:
    __device__ static int worker() { return WORKERS == THREADS ? threadIdx.x : min(int(threadIdx.x), WORKERS - 1); }
    __device__ static int at(int i, int k) { return (i * 4 + k) * WORKERS + worker(); }

    __device__ static void add_from(Vec& sum, const Vec* weights, int row, const real* v, int i) {
        Vec four[4] = {weights[at(row, 0)], weights[at(row, 1)], weights[at(row, 2)], weights[at(row, 3)]};
        add(sum, four, v, i);
    }

    __device__ static void add(Vec& sum, const Vec* four, const real* v, int i) {
        int piece = i * LANES + worker() % LANES;
        if (PIECES % LANES && piece >= PIECES) return;
        Vec x = reinterpret_cast<const Vec*>(v)[piece];
        sum = {dot(four[0], x, sum.x), dot(four[1], x, sum.y), dot(four[2], x, sum.z), dot(four[3], x, sum.w)};
    }
};

// On the way there: a unit's four gates from the state; keys and queries from what the score sees of a state.
typedef Product<H, UNIT_LANES, H, HELD_GATES, KEPT_GATES> Gates;
typedef Product<A / 4, 4 * KEY_LANES, H, 0, KEPT_QUERY> Query;
typedef Product<A / 4, 4 * KEY_LANES, H, 0, KEPT_KEY> Key;
// On the way back, the transposed ones: gradients of states from those of gates, queries and keys.
typedef Product<H / 4, 4 * UNIT_LANES, 4 * H, HELD_GATES, KEPT_GATES_BACK> GatesBack;
typedef Product<H / 4, 4 * UNIT_LANES, A, 0, KEPT_QUERY_BACK> QueryBack;
typedef Product<H / 4, 4 * UNIT_LANES, A, 0, KEPT_KEY_BACK> KeyBack;
