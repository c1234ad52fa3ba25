// What is chosen and what is in view; kept in the URL's fragment, so that a link shows the same.
const state = { t: 1, from: 0, to: trace.T, read: null, variant: null };
const listeners = [];

function change(fields) {
  Object.assign(state, fields);
  state.t = Math.min(Math.max(0, state.t), trace.T);
  state.from = Math.min(Math.max(0, Math.round(state.from)), trace.T - 1);
  state.to = Math.min(Math.max(state.from + 1, Math.round(state.to)), trace.T);
  const parts = { t: state.t, from: state.from, to: state.to };
  if (state.read !== null) parts.read = state.read;
  if (state.variant !== null) parts.variant = state.variant;
  const fragment = `#${new URLSearchParams(parts)}`;
  if (location.hash !== fragment) history.replaceState(null, "", fragment);
  for (const listen of listeners) listen();
}

function fromFragment() {
  const given = new URLSearchParams(location.hash.slice(1));
  const whole = (name, fallback) => {
    const value = Number.parseInt(given.get(name), 10);
    return Number.isFinite(value) ? value : fallback;
  };
  const read = whole("read", null);
  const variant = given.get("variant");
  change({
    t: whole("t", busiest().step), from: whole("from", 0), to: whole("to", trace.T),
    read: given.has("t") ? (trace.reads[read] ? read : null) : busiest().id,
    variant: variant !== null && Object.hasOwn(trace.variants, variant) ? variant : firstVariant(),
  });
}

// The read that carries most credit: something to see at once.
const busiest = () => trace.reads.reduce((a, b) => (b.credit > a.credit ? b : a), { id: null, credit: -1, step: trace.T });

const firstVariant = () => Object.keys(trace.variants)[0] ?? null;
