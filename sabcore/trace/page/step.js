// One step: what reaches its state, what it reads, and in a small model every equation with its numbers.
const byId = (id) => document.getElementById(id);

function showStep() {
  const { t } = state;
  byId("step-number").textContent = t === 0 ? "0 (the initial state)" : String(t);
  const strongest = EDGES.slice(0, 5).reduce((a, b) => (trace.edges[b][t] > trace.edges[a][t] ? b : a));
  byId("chosen").textContent = trace.total[t] === 0
    ? `No gradient reaches the state of step ${t}.`
    : `A gradient of norm ${shown(trace.total[t])} reaches the state of step ${t}, most on the edge “${strongest}”.`;
  fillTable(byId("edges"), ["edge", "norm"], EDGES.map((edge) => ({ cells: [edge, shown(trace.edges[edge][t])] })));
  const own = trace.readsOf[t];
  fillTable(byId("reads"), ["slot of step", "weight", "through the value", "through the score"],
    own.map((read) => ({
      id: read.id, selected: read.id === state.read,
      cells: [String(read.written), shown(read.weight), shown(read.value), shown(read.score)],
    })), (row) => change({ read: row.id }));
  showEquations(trace.steps[t - 1]);
}

function showEquations(step) {
  const box = byId("equations");
  box.replaceChildren();
  if (!step) return;
  for (const [title, rows] of [["Forward", step.forward], ["Backward", step.backward]]) {
    box.appendChild(Object.assign(document.createElement("h3"), { textContent: title }));
    const list = box.appendChild(document.createElement("dl"));
    for (const [tag, name, values] of rows) {
      for (const [kind, text] of [["dt", tag], ["dt", name], ["dd", values.map(shown).join("  ")]])
        list.appendChild(Object.assign(document.createElement(kind), { textContent: text }));
    }
  }
  if (step.slots.length) {
    const text = `a, v, w, dw, da: of the slots written at steps ${step.slots.join(", ")}, best first.`;
    box.appendChild(Object.assign(document.createElement("p"), { className: "hint", textContent: text }));
  }
}

function showTable() {
  const rows = [];
  for (let t = state.from; t <= Math.min(state.to, state.from + 199); t++)
    rows.push({ t, selected: t === state.t, cells: [String(t), shown(trace.total[t]), ...EDGES.map((e) => shown(trace.edges[e][t]))] });
  fillTable(byId("steps"), ["step", "all", ...EDGES], rows, (row) => change({ t: row.t, read: null }));
}
listeners.push(showStep, showTable);
