// The time line: states, reads as arcs, cut edges; drag to zoom, click to choose.
const timeline = document.getElementById("timeline");
const PAD = 24;

function timelineScale(width) {
  const per = (width - 2 * PAD) / (state.to - state.from);
  return { x: (t) => PAD + (t - state.from) * per, t: (x) => state.from + (x - PAD) / per };
}

const inView = (read) => read.step >= state.from && read.written <= state.to && read.step <= state.to && read.written >= state.from;

function drawTimeline() {
  const { pen, width, height } = begin(timeline);
  const { x } = timelineScale(width);
  const ground = height - 44;
  const visible = trace.reads.filter(inView).sort((a, b) => a.credit - b.credit).slice(-4000);
  for (const read of visible) {
    const chosen = read.id === state.read;
    pen.beginPath();
    arc(pen, x(read.written), x(read.step), ground, height);
    pen.lineWidth = chosen ? 3.5 : 0.4 + 2.6 * Math.abs(read.weight) / (trace.mostWeight || 1);
    pen.globalAlpha = chosen ? 1 : strength(read.credit, trace.mostCredit) ** 2;
    pen.strokeStyle = colour(chosen || read.step === state.t ? "accent" : "blue");
    pen.stroke();
  }
  pen.globalAlpha = 1;
  drawCuts(pen, x, ground);
  for (let t = state.from; t <= state.to; t++) {
    pen.beginPath();
    pen.arc(x(t), ground, 1.2 + 4 * strength(trace.total[t], trace.mostTotal), 0, 7);
    pen.fillStyle = colour(t === state.t ? "accent" : "text");
    pen.fill();
  }
  drawTicks(pen, x, ground);
  if (drag) {
    pen.fillStyle = colour("accent");
    pen.globalAlpha = 0.15;
    pen.fillRect(Math.min(drag.x0, drag.x1), 0, Math.abs(drag.x1 - drag.x0), height);
  }
}

function arc(pen, x0, x1, ground, height) {
  const middle = (x0 + x1) / 2;
  const rise = Math.min(ground - 8, Math.max(12, Math.abs(x1 - x0) * 0.5));
  pen.ellipse(middle, ground, Math.abs(x1 - x0) / 2, rise, 0, Math.PI, 2 * Math.PI);
}

function drawCuts(pen, x, ground) {
  const cut = new Set(trace.cuts);
  pen.strokeStyle = colour("line");
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x(state.from), ground);
  pen.lineTo(x(state.to), ground);
  pen.stroke();
  pen.strokeStyle = colour("text");
  pen.setLineDash([3, 3]);
  pen.beginPath();
  for (const t of cut) if (t > state.from && t <= state.to) {
    pen.moveTo(x(t - 0.5), ground - 8);
    pen.lineTo(x(t - 0.5), ground + 12);
  }
  pen.stroke();
  pen.setLineDash([]);
}

function drawTicks(pen, x, ground) {
  const span = state.to - state.from;
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((n) => span / n <= 14) ?? 1000;
  pen.fillStyle = colour("soft");
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "center";
  for (let t = Math.ceil(state.from / every) * every; t <= state.to; t += every) pen.fillText(String(t), x(t), ground + 28);
}

let drag = null;
const place = (event) => event.clientX - timeline.getBoundingClientRect().left;
timeline.addEventListener("pointerdown", (event) => {
  timeline.setPointerCapture(event.pointerId);
  drag = { x0: place(event), x1: place(event), y: event.clientY - timeline.getBoundingClientRect().top };
});
timeline.addEventListener("pointermove", (event) => {
  if (!drag) return;
  drag.x1 = place(event);
  drawTimeline();
});
timeline.addEventListener("pointerup", () => {
  if (!drag) return;
  const { t } = timelineScale(timeline.getBoundingClientRect().width);
  const { x0, x1, y } = drag;
  drag = null;
  if (Math.abs(x1 - x0) > 6) change({ from: Math.floor(t(Math.min(x0, x1))), to: Math.ceil(t(Math.max(x0, x1))) });
  else choose(x0, y);
});
timeline.addEventListener("pointercancel", () => { drag = null; drawTimeline(); });

// The arc under the pointer, or else the step.
function choose(px, py) {
  const { width, height } = timeline.getBoundingClientRect();
  const { x, t } = timelineScale(width);
  const ground = height - 44;
  let best = null;
  for (const read of trace.reads.filter(inView)) {
    const half = (x(read.step) - x(read.written)) / 2;
    const rise = Math.min(ground - 8, Math.max(12, half));
    const across = (px - x(read.written) - half) / half;
    const away = Math.abs(py - (ground - rise * Math.sqrt(Math.max(0, 1 - across * across))));
    if (Math.abs(across) <= 1 && away < 5 && (best === null || read.credit > best.credit)) best = read;
  }
  if (best && py < ground - 8) change({ read: best.id, t: best.step });
  else change({ t: Math.round(t(px)), read: null });
}

timeline.addEventListener("keydown", (event) => {
  const span = state.to - state.from;
  const own = trace.readsOf[state.t];
  const at = own.findIndex((read) => read.id === state.read);
  const moves = {
    ArrowLeft: () => chooseStep(state.t - 1),
    ArrowRight: () => chooseStep(state.t + 1),
    Home: () => chooseStep(0),
    End: () => chooseStep(trace.T),
    ArrowDown: () => own.length && change({ read: own[(at + 1) % own.length].id }),
    ArrowUp: () => own.length && change({ read: own[(at + own.length - (at < 0 ? 0 : 1)) % own.length].id }),
    "+": () => change({ from: state.t - span / 4, to: state.t + span / 4 }),
    "-": () => change({ from: state.from - span / 2, to: state.to + span / 2 }),
    0: () => change({ from: 0, to: trace.T }),
  };
  if (!Object.hasOwn(moves, event.key)) return;
  event.preventDefault();
  moves[event.key]();
});

function chooseStep(t) {
  const span = state.to - state.from;
  const within = Math.min(Math.max(0, t), trace.T);
  const shift = within < state.from ? within - state.from : within > state.to ? within - state.to : 0;
  change({ t: within, read: null, from: state.from + shift, to: state.from + shift + span });
}
listeners.push(drawTimeline);
