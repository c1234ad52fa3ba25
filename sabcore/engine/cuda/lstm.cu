// One LSTM step of one unit: the elementwise part. The equations are those of sabcore/step/lstm.py.

struct Cell {
    Vec gates;  // i f g o
    real c;
    real hhat;
};

// z, a unit's W_ih x + W_hh h_ + b by gate, and c_, its old cell state.
__device__ inline Cell lstm_step(Vec z, real c_) {
    real i = sigmoid(z.x), f = sigmoid(z.y), o = sigmoid(z.w);  // L.2
    real g = tanh(z.z);                                         // L.3
    real c = f * c_ + i * g;                                    // L.4
    real hhat = o * tanh(c);                                    // L.5
    return {{i, f, g, o}, c, hhat};
}

struct CellGradients {
    Vec dz;
    real dc;  // of the old cell state
};

// dhhat and dc of a unit after the step -> those of its gates, and of its cell state before.
__device__ inline CellGradients lstm_step_backward(real dhhat, real dc, const Cell& cell, real c_) {
    real i = cell.gates.x, f = cell.gates.y, g = cell.gates.z, o = cell.gates.w, u = tanh(cell.c);
    real do_ = dhhat * u;                                       // L.5*
    dc += dhhat * o * (1 - u * u);                              // L.5*
    real df = dc * c_, di = dc * g, dg = dc * i;                // L.4*
    real dz_g = dg * (1 - g * g);                               // L.3*
    real dz_i = di * i * (1 - i), dz_f = df * f * (1 - f);      // L.2*
    real dz_o = do_ * o * (1 - o);                              // L.2*
    return {{dz_i, dz_f, dz_g, dz_o}, dc * f};                  // L.4*
}
