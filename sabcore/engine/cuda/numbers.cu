// Numbers, four of them at once, and what the 32 threads of a warp make of theirs together.
//
// Compiled with -DSINGLE=1 or 0, and with sizes; see build.py. A `real` is a float or a double.

#if SINGLE
typedef float real;
#define BIGGEST_NEAR_KEY 60.f  // the largest |2k| of a key kept as an exponential: tanh is 1 where exp(2q) overflows
#define SATURATED 1e8f         // from this u on, u / (u + 2) is 1; and a product of two such numbers is finite
#else
typedef double real;
#define BIGGEST_NEAR_KEY 640.
#define SATURATED 1e17
#endif

const int WARP = 32;
const unsigned ALL = 0xffffffffu;  // every thread of a warp

struct alignas(16) Vec {  // four numbers, fetched at once
    real x, y, z, w;
};

__device__ inline Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w}; }

__device__ inline real dot(Vec a, Vec b, real sum) {
    return fma(a.x, b.x, fma(a.y, b.y, fma(a.z, b.z, fma(a.w, b.w, sum))));
}

// a / b to two roundings, in float32 by a third of the instructions; b is below 2^126.
__device__ inline real quotient(real a, real b) {
#if SINGLE
    return __fdividef(a, b);
#else
    return a / b;
#endif
}

// 1 / (1 + e^-z), accurate in both tails, never overflowing.
__device__ inline real sigmoid(real z) {
    real e = exp(-fabs(z));
    return quotient(z >= 0 ? real(1) : e, 1 + e);
}

__device__ inline int lane_of_warp() { return threadIdx.x % WARP; }

// The sum over `LANES` neighbours, a power of two, in each of them. All threads of the warp must call.
template <int LANES>
__device__ real sum_lanes(real s) {
    for (int d = 1; d < LANES; d *= 2) s += __shfl_xor_sync(ALL, s, d);
    return s;
}

template <int LANES>
__device__ Vec sum_lanes(Vec s) {
    return {sum_lanes<LANES>(s.x), sum_lanes<LANES>(s.y), sum_lanes<LANES>(s.z), sum_lanes<LANES>(s.w)};
}

// Four sums over `LANES` >= 4 neighbours, of which each needs only one: the first quarter of them s.x, and so on.
template <int LANES>
__device__ real own_sum(Vec s) {
    bool late = threadIdx.x & (LANES / 2), odd = threadIdx.x & (LANES / 4);
    real x = (late ? s.z : s.x) + __shfl_xor_sync(ALL, late ? s.x : s.z, LANES / 2);
    real y = (late ? s.w : s.y) + __shfl_xor_sync(ALL, late ? s.y : s.w, LANES / 2);
    return sum_lanes<LANES / 4>((odd ? y : x) + __shfl_xor_sync(ALL, odd ? x : y, LANES / 4));
}

// The largest of a warp's numbers, in every thread of it.
__device__ inline real warp_max(real a) {
    for (int d = 1; d < WARP; d *= 2) a = fmax(a, __shfl_xor_sync(ALL, a, d));
    return a;
}
