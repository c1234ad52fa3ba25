// What a kernel is told and given. records.py has the same records, field by field, and says what arrays hold.
//
// One block carries one batch row b through the whole sequence. What is kept by step and batch row stands in row
// (t - 1) B + b of its array, or B rows further on where step 0 has its place too; what is kept by slot, in j B + b.

struct Plan {
    int T, B;                            // steps, batch rows
    int N;                               // slots that step T sees
    int most;                            // slots that a step can read
    int cap;                             // of these, how many the tape keeps
    int first_slot, k_att;               // the step that wrote slot 0, and how many steps lie between slots
    int sparsifier, small_memory;        // a rule each: what turns scores into weights, and while N <= k_top
    int k_top, rank;                     // -1: all; the rank of theta
    int k_back;                          // how many of the slots read send gradient; 0: all
    int score_grad;                      // 0: the score's own weights learn, what it looks at does not
    int k_trunc, segment_offset;         // where segments are cut; 0: nowhere
    int L, bounded;                      // gradient levels, and how many of them move down one with each step
    int loss_level, slot_level;          // where the loss and a read slot come in
    real margin, eps, temperature;
};

struct Weights {  // packed for `Product`; of a separable score: rows u_q and u_m, the others zero
    const Vec* W_hh;
    const Vec* W_q;
    const Vec* W_m;
    const real* w_a;  // (A,)
};

struct Tape {
    Vec* gates;   // (TB,H) i f g o of a unit; at first W_ih x + b
    real* h;      // ((T+1)B,H)
    real* c;      // ((T+1)B,H)
    real* hhat;   // (TB,H)
    real* s;      // (TB,H)
    real* q;      // (TB,A)
    real* keys;   // (NB,A) as `key_to_keep` makes them
    int* kinds;   // (NB,) which form that is
    int* slots;   // (TB,cap) what a step read, best first if ranked
    real* scores; // (TB,cap)
    int* counts;  // (TB,) how many; where that is more than cap, none is kept
};

struct Gradients {
    const real* dh_loss;  // (TB,H)
    const real* ds_loss;  // (TB,H)
    Vec* dz;              // (TB,H) by unit, as gates
    real* dq;             // (TB,A)
    real* dM;             // (NB,H) zeros at first
    real* dkeys;          // (NB,A) zeros at first
    real* dw_a;           // (B,A)
    real* dh0;            // (B,H)
    real* dc0;            // (B,H)
};

enum Rule { THRESHOLD, SOFTMAX, SOFTMAX_SMALL, RAW };  // SOFTMAX_SMALL has no temperature

// N_t, the slots that step t >= 1 sees.
__device__ inline int slots_before(const Plan& plan, int t) {
    return MEMORY ? (t - 1) / plan.k_att + (plan.first_slot == 0) : 0;
}

// The slot that step t wrote, step 0 being the initial state; -1 if it wrote none that anyone reads.
__device__ inline int slot_of(const Plan& plan, int t) {
    int since = t - plan.first_slot, j = since / plan.k_att;
    return MEMORY && since >= 0 && since == j * plan.k_att && j < plan.N ? j : -1;
}

// The row of slot j's memory in tape.h.
__device__ inline int memory_row(const Plan& plan, int j) {
    return (plan.first_slot + j * plan.k_att) * plan.B + blockIdx.x;
}

// Room for lists, given out piece by piece: shared memory if they all fit, global memory if not.
struct Arena {
    char* at;

    template <typename Number>
    __device__ Number* take(int n) {
        Number* piece = reinterpret_cast<Number*>(at);
        at += (n * sizeof(Number) + 15) / 16 * 16;
        return piece;
    }
};
