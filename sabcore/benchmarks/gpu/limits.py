"""What the card can do at best: products, scores with cached exponentials, copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..limits import Limits
from ..measure import Clock, interleave

#: A thread has one slot and QUERIES queries, whose exponentials come from shared memory; the slot's own stay in
#: registers for the queries. Two terms share one division, as everywhere.
SOURCE = r"""
#define QUERIES 8
extern "C" __global__ void scores(const float* E, const float* e, const float* w, float* out, int N, int A) {
    extern __shared__ float shared[];
    for (int k = threadIdx.x; k < (QUERIES + 1) * A; k += blockDim.x)
        shared[k] = k < QUERIES * A ? e[k] : w[k - QUERIES * A];
    __syncthreads();
    const float* weight = shared + QUERIES * A;
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    float total[QUERIES] = {0};
    for (int u = 0; u + 1 < A; u += 2) {
        float a = E[u * N + j], b = E[(u + 1) * N + j];
        for (int query = 0; query < QUERIES; query++) {
            float p = 1.0f + a * shared[query * A + u], q = 1.0f + b * shared[query * A + u + 1];
            total[query] += __fdividef(weight[u] * q + weight[u + 1] * p, p * q);
        }
    }
    for (int query = 0; query < QUERIES; query++) out[query * N + j] = total[query];
}
"""
QUERIES, THREADS = 8, 256


def measure_limits(cupy: Any, clock: Clock, seconds: float = 2.0) -> Limits:
    """The rates in float32, each the best of several runs."""
    N, A, M = 1 << 18, 128, 4096
    E, e, w = (cupy.asarray(np.random.default_rng(0).random(shape, "float32")) for shape in ((A, N), (QUERIES, A), A))
    scores, out = cupy.RawKernel(SOURCE, "scores"), cupy.empty((QUERIES, N), "float32")
    matrix, product = cupy.ones((M, M), "float32"), cupy.empty((M, M), "float32")
    source = cupy.ones(1 << 30, "uint8")
    target = cupy.empty_like(source)
    shape, arguments = ((N // THREADS,), (THREADS,)), (E, e, w, out, np.int32(N), np.int32(A))
    runs = {
        "matrix": lambda: cupy.dot(matrix, matrix, product),
        "score": lambda: scores(*shape, arguments, shared_mem=(QUERIES + 1) * A * 4),
        "copy": lambda: cupy.copyto(target, source),
    }
    best = {name: min(times) for name, times in interleave(runs, seconds, clock).rounds.items()}
    return Limits(2 * M**3 / best["matrix"], N * A * QUERIES / best["score"], source.nbytes / best["copy"])
