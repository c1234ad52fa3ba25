// Enough of CUDA for g++ to compile the kernels unchanged. Each CUDA thread is a coroutine, each block a host thread.
//
// Coroutines of a block take turns, one at a time, and change places only where CUDA threads wait for each other: the
// same order in every run. Under -fsanitize=thread each coroutine counts as a thread of its own, and only barriers
// order what they do to memory (shuffles and votes do not): every pair of accesses that no barrier separates is
// reported, whatever the order in which they happened. A barrier can be left out: EMULATION_WITHOUT=file.cu:line.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#include <vector>
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#else
#define __tsan_acquire(address)
#define __tsan_release(address)
#define __tsan_create_fiber(flags) nullptr
#define __tsan_get_current_fiber() nullptr
#define __tsan_switch_to_fiber(fiber, flags) (void)(fiber)
#define __tsan_destroy_fiber(fiber) (void)(fiber)
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(from, size) (void)(size)
#define ASAN_UNPOISON_MEMORY_REGION(from, size) (void)(size)
#endif
#define HIDDEN __attribute__((no_sanitize("thread"), noinline))  // the machinery is no part of what is examined

namespace emulation {

const int WARP_SIZE = 32, STACK = 1 << 18;
struct Index { unsigned x; };

struct Barrier {
    int size, arrived = 0;
    unsigned turn = 0;  // how often all have passed
    const char* file = "";
    int line = 0;
    char orders[2];  // what TSan knows this barrier by, in turns
};

struct Warp {
    Barrier barrier{WARP_SIZE};
    unsigned long long said[2][WARP_SIZE];  // in turns
};

struct Thread {
    ucontext_t context;
    void* fiber;  // TSan's
    Index index;
    bool done = false;
    void* stack;
};

struct Block {
    Index index;
    Barrier barrier{0};
    std::vector<Warp> warps;
    std::vector<Thread> threads;
    Thread outside;
    unsigned current = 0, in_vain = 0;
    void (*kernel)(void*);
    void* arguments;
    char began;
};

inline thread_local Block* block;


HIDDEN inline void fail(const char* what, const char* file, int line) {
    std::fprintf(stderr, "%s %s:%d\n", what, file, line);
    std::_Exit(3);
}

HIDDEN inline void enter(Thread& from, Thread& to) {
    __tsan_switch_to_fiber(to.fiber, 1);  // 1: entering orders nothing
    swapcontext(&from.context, &to.context);
}

HIDDEN inline void yield() {
    Block& b = *block;
    Thread& from = b.threads[b.current];
    for (size_t i = 0; i < b.threads.size(); i++) {
        b.current = (b.current + 1) % b.threads.size();
        if (!b.threads[b.current].done) break;
    }
    Thread& to = b.threads[b.current];
    if (to.done) enter(from, b.outside);
    else if (&to != &from) enter(from, to);
}

HIDDEN inline bool left_out(const char* file, int line) {
    static const char* without = std::getenv("EMULATION_WITHOUT");
    char here[256];
    if (!without) return false;
    std::snprintf(here, sizeof here, "%s:%d", file, line);
    return !std::strcmp(without, here);
}

HIDDEN inline void wait(Barrier& barrier, bool orders_memory, const char* file, int line) {
    if (orders_memory && left_out(file, line)) return;
    if (barrier.arrived == 0) barrier.file = file, barrier.line = line;
    if (barrier.line != line || std::strcmp(barrier.file, file)) {
        std::fprintf(stderr, "some threads wait at %s:%d; ", barrier.file, barrier.line);
        fail("others wait at", file, line);
    }
    unsigned turn = barrier.turn;
    if (orders_memory) __tsan_release(&barrier.orders[turn % 2]);
    if (++barrier.arrived == barrier.size) barrier.arrived = 0, barrier.turn++, block->in_vain = 0;
    while (barrier.turn == turn) {
        if (block->in_vain++ > 4 * block->threads.size()) fail("not all threads come to", file, line);
        yield();
    }
    if (orders_memory) __tsan_acquire(&barrier.orders[turn % 2]);
}

HIDDEN inline Index thread_index() { return block->threads[block->current].index; }
HIDDEN inline Warp& warp() { return block->warps[block->current / WARP_SIZE]; }

// What every thread of the warp says, read by each of them.
template <typename Number, typename Read>
HIDDEN auto exchange(Number number, const char* file, int line, Read read) {
    Warp& w = warp();
    auto* said = w.said[w.barrier.turn % 2];
    std::memcpy(&said[block->current % WARP_SIZE], &number, sizeof number);
    wait(w.barrier, false, file, line);
    return read(said);
}

template <typename Number>
HIDDEN Number shuffle(Number number, int from, const char* file, int line) {
    return exchange(number, file, line, [&](unsigned long long* said) {
        std::memcpy(&number, &said[from], sizeof number);
        return number;
    });
}

HIDDEN inline unsigned ballot(bool yes, const char* file, int line) {
    return exchange((unsigned long long)yes, file, line, [](unsigned long long* said) {
        unsigned votes = 0;
        for (int i = 0; i < WARP_SIZE; i++) votes |= unsigned(said[i]) << i;
        return votes;
    });
}

HIDDEN inline void begin() {
    Block& b = *block;
    __tsan_acquire(&b.began);
    b.kernel(b.arguments);
    b.threads[b.current].done = true, b.in_vain = 0;
    __tsan_release(&b.outside);
    yield();
}

HIDDEN inline void run_block(unsigned index, unsigned threads, void (*kernel)(void*), void* arguments) {
    Block here{{index}};
    block = &here;
    here.barrier.size = threads, here.warps.resize(threads / WARP_SIZE), here.threads.resize(threads);
    here.kernel = kernel, here.arguments = arguments, here.outside.fiber = __tsan_get_current_fiber();
    for (unsigned i = 0; i < threads; i++) {
        Thread& thread = here.threads[i];
        thread.index = {i}, thread.fiber = __tsan_create_fiber(0), thread.stack = std::malloc(STACK);
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack, thread.context.uc_stack.ss_size = STACK;
        makecontext(&thread.context, begin, 0);
    }
    __tsan_release(&here.began);
    enter(here.outside, here.threads[0]);
    __tsan_acquire(&here.outside);
    for (Thread& thread : here.threads) __tsan_destroy_fiber(thread.fiber), std::free(thread.stack);
}

}  // namespace emulation

#define __global__
#define __device__
#define __launch_bounds__(...)
#define __shared__ thread_local  // of a block, which is a host thread
#define threadIdx (emulation::thread_index())
#define blockIdx (emulation::block->index)
#define __syncthreads() emulation::wait(emulation::block->barrier, true, __FILE__, __LINE__)
#define __syncwarp() emulation::wait(emulation::warp().barrier, true, __FILE__, __LINE__)
#define __shfl_sync(mask, number, from) emulation::shuffle(number, from, __FILE__, __LINE__)
#define __shfl_xor_sync(mask, number, d) emulation::shuffle(number, (threadIdx.x % 32) ^ (d), __FILE__, __LINE__)
#define __ballot_sync(mask, yes) emulation::ballot(yes, __FILE__, __LINE__)
#define __any_sync(mask, yes) (emulation::ballot(yes, __FILE__, __LINE__) != 0)
#define __popc __builtin_popcount
#define __ffs __builtin_ffs
#define __fdividef(a, b) ((a) / (b))
using std::exp, std::expm1, std::tanh, std::fabs, std::fma, std::fmin, std::fmax, std::min, std::max;
