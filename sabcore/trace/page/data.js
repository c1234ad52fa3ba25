// The packed data, unpacked: see data.py for the codes.
const packed = JSON.parse(document.getElementById("data").textContent);

function numbers16(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

function norms({ top, codes }) {
  return numbers16(codes).map((code) => (code === 0 ? 0 : top * 10 ** (((code - 1) / 65534) * 12 - 12)));
}

function unpackReads(reads, T) {
  const count = numbers16(reads.count);
  const step = [];
  for (let t = 0; t <= T; t++) for (let n = 0; n < count[t]; n++) step.push(t);
  const weight = norms(reads.weight);
  for (const i of reads.negative) weight[i] = -weight[i];
  const value = norms(reads.value);
  const score = norms(reads.score);
  const written = numbers16(reads.written);
  return step.map((t, i) => ({
    id: i, step: t, written: written[i], weight: weight[i], value: value[i], score: score[i],
    credit: Math.hypot(value[i], score[i]),
  }));
}

const EDGES = ["loss", "recurrent", "value", "key", "threshold", "query"];
const trace = {
  T: packed.T,
  config: packed.config,
  loss: [0, ...norms(packed.loss)],
  total: norms(packed.total),
  edges: Object.fromEntries(EDGES.map((edge) => [edge, norms(packed.edges[edge])])),
  cuts: packed.cuts,
  reads: unpackReads(packed.reads, packed.T),
  allReads: packed.reads.all,
  steps: packed.steps,
  variants: packed.variants,
};
trace.readsOf = Array.from({ length: trace.T + 1 }, () => []);
trace.readersOf = Array.from({ length: trace.T + 1 }, () => []);
for (const read of trace.reads) {
  trace.readsOf[read.step].push(read);
  trace.readersOf[read.written].push(read);
}
trace.mostCredit = trace.reads.reduce((most, read) => Math.max(most, read.credit), 0);
trace.mostWeight = trace.reads.reduce((most, read) => Math.max(most, Math.abs(read.weight)), 0);
trace.mostTotal = trace.total.reduce((most, total) => Math.max(most, total), 0);
trace.byStep = [...trace.total.keys()];

const shown = (value) => (value === null ? "–" : value === 0 ? "0" : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
  ? String(Number(value.toPrecision(4))) : value.toExponential(3));
