// The k best of a row, ranked by one warp: no atomics, no sorting, the same answer every time.
//
// The order is that of sabcore/engine/topk.py: the larger value first; of equal values the lower index (the older
// memory); NaN after everything else. A value's place is the number of values that come before it, so ranking is
// counting. To count little, the k-th best of the 32 threads' own best values is a bar below which none of the k best
// can be: few values pass it, and only those are counted.

// True if the value a at index i comes before b at index j.
__device__ inline bool before(real a, int i, real b, int j) {
    if (a == b || (a != a && b != b)) return i < j;
    return a > b || b != b;
}

struct Candidates {
    int* indices;
    real* values;
};

// The bar: the k-th best, k <= 32, of the best values of the warp's threads, and its index. n > 32.
__device__ inline int find_bar(const real* a, int n, int k, real* bar) {
    int mine = lane_of_warp(), rank = 0;
    for (int j = mine + WARP; j < n; j += WARP)
        if (before(a[j], j, a[mine], mine)) mine = j;
    real value = a[mine];
    for (int d = 1; d < WARP; d++) {
        real other = __shfl_xor_sync(ALL, value, d);
        int its_index = __shfl_xor_sync(ALL, mine, d);
        rank += before(other, its_index, value, mine);
    }
    int owner = __ffs(__ballot_sync(ALL, rank == k - 1)) - 1;
    *bar = __shfl_sync(ALL, value, owner);
    return __shfl_sync(ALL, mine, owner);
}

// Append to `to`, in the order of their indices, those of a[:n] for which `wanted` is true; returns how many there are.
template <typename Wanted>
__device__ int append(const real* a, int n, Candidates to, int count, Wanted wanted) {
    for (int first = 0; first < n; first += WARP) {
        int j = first + lane_of_warp();
        bool is_wanted = j < n && wanted(a[j], j);
        unsigned who = __ballot_sync(ALL, is_wanted);
        int place = count + __popc(who & ((1u << lane_of_warp()) - 1));
        if (is_wanted) to.indices[place] = j, to.values[place] = a[j];
        count += __popc(who);
    }
    __syncwarp();
    return count;
}

// Rank the k best of a[:n], 1 <= k <= n. One warp calls, a complete, and leaves in step; scratch: n candidates.
template <typename Index>
__device__ void rank_best(const real* a, int n, int k, Index* indices, real* values, Candidates scratch) {
    int few = n;
    const real* some = a;
    if (n > WARP && k <= WARP) {
        real bar;
        int bar_index = find_bar(a, n, k, &bar);
        few = append(a, n, scratch, 0, [&](real value, int j) { return !before(bar, bar_index, value, j); });
        some = scratch.values;
    }
    for (int i = lane_of_warp(); i < few; i += WARP) {
        int rank = 0;
        for (int p = 0; p < few; p++) rank += before(some[p], p, some[i], i);
        if (rank < k) indices[rank] = some == a ? i : scratch.indices[i], values[rank] = some[i];
    }
    __syncwarp();
}

// One warp a row: a (rows,n) -> indices values (rows,k), ranked. scratch: (rows,n) each.
extern "C" __global__ void topk(
    const real* a, int n, int k, long long* indices, real* values, int* some_indices, real* some_values) {
    size_t row = blockIdx.x;
    Candidates scratch = {some_indices + row * n, some_values + row * n};
    rank_best(a + row * n, n, k, indices + row * k, values + row * k, scratch);
}
