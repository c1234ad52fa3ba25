// Runs one kernel: `program REQUEST ANSWER`. A request holds the arrays and the arguments, in which each address stands
// where it belongs as the number of an array; the answer, the arrays afterwards.
#include <pthread.h>
#include <tuple>

thread_local Vec pool[232448 / sizeof(Vec)];

namespace {

FILE* request;
std::vector<std::vector<char>> arrays;

void read(void* to, size_t bytes) {
    if (std::fread(to, 1, bytes, request) != bytes) std::fprintf(stderr, "the request ends early\n"), std::exit(4);
}

template <typename Number>
Number number() {
    Number n;
    read(&n, sizeof n);
    return n;
}

// Heap memory, each array by itself, so that an address beyond its end is nobody's.
template <typename Argument>
Argument argument() {
    Argument it;
    if (number<long long>() != sizeof it) std::fprintf(stderr, "an argument has another size\n"), std::exit(4);
    read(&it, sizeof it);
    for (long long left = number<long long>(); left; left--) {
        auto at = number<long long>();
        char* address = arrays[number<long long>()].data();
        std::memcpy(reinterpret_cast<char*>(&it) + at, &address, std::min(sizeof address, sizeof it));
    }
    return it;
}

// A block, for a host thread.
struct Running {
    unsigned index, threads;
    size_t shared_bytes;
    void (*kernel)(void*);
    void* arguments;
    pthread_t thread;
};

void* run(void* it) {
    auto* block = static_cast<Running*>(it);
    std::memset(pool, 0xff, sizeof pool);  // NaN, and -1
    ASAN_POISON_MEMORY_REGION(reinterpret_cast<char*>(pool) + block->shared_bytes, sizeof pool - block->shared_bytes);
    emulation::run_block(block->index, block->threads, block->kernel, block->arguments);
    ASAN_UNPOISON_MEMORY_REGION(pool, sizeof pool);
    return nullptr;
}

template <typename... Arguments>
void launch(void (*kernel)(Arguments...), unsigned blocks, unsigned threads, size_t shared_bytes) {
    struct Call { void (*kernel)(Arguments...); std::tuple<Arguments...> arguments; };
    Call call{kernel, {argument<Arguments>()...}};
    auto apply = [](void* it) { std::apply(static_cast<Call*>(it)->kernel, static_cast<Call*>(it)->arguments); };
    std::vector<Running> all(blocks);
    for (unsigned b = 0; b < blocks; b++) {
        all[b] = {b, threads, shared_bytes, apply, &call, {}};
        if (pthread_create(&all[b].thread, nullptr, run, &all[b])) std::exit(5);
    }
    for (Running& block : all) pthread_join(block.thread, nullptr);
}

}  // namespace

int main(int, char** names) {
    request = std::fopen(names[1], "rb");
    auto kernel = number<long long>(), blocks = number<long long>(), threads = number<long long>();
    auto shared_bytes = number<long long>(), count = number<long long>();
    for (; count; count--) {
        arrays.emplace_back(number<long long>());
        read(arrays.back().data(), arrays.back().size());
    }
    if (kernel == 0) launch(forward, blocks, threads, shared_bytes);
    if (kernel == 1) launch(backward, blocks, threads, shared_bytes);
    if (kernel == 2) launch(topk, blocks, threads, shared_bytes);
    FILE* answer = std::fopen(names[2], "wb");
    for (auto& array : arrays) std::fwrite(array.data(), 1, array.size(), answer);
    return std::fclose(answer) ? 6 : 0;
}
