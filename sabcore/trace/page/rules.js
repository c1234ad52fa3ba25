// Sliders over the precomputed runs, credit against distance, and what each rule keeps of the full gradient.
const LINES = [["text", ""], ["accent", "7 3"], ["blue", "3 2"], ["green", "1 4"]];
const choices = {};
for (const name of Object.keys(trace.variants)) {
  for (const [field, value] of Object.entries(JSON.parse(name))) {
    choices[field] ??= [];
    if (!choices[field].includes(value)) choices[field].push(value);
  }
}

function makeSliders() {
  for (const [field, values] of Object.entries(choices)) {
    const label = byId("sliders").appendChild(document.createElement("label"));
    label.append(field);
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: values.length - 1, id: `slider-${field}` });
    const told = document.createElement("output");
    label.append(slider, told);
    slider.addEventListener("input", () => {
      const wanted = { ...JSON.parse(state.variant), [field]: values[slider.value] };
      change({ variant: JSON.stringify(wanted) });
    });
    listeners.push(() => {
      const value = JSON.parse(state.variant)[field];
      slider.value = values.indexOf(value);
      slider.setAttribute("aria-valuetext", value === null ? "none" : String(value));
      told.textContent = value === null ? "none" : value;
    });
  }
}

function showRules() {
  const variant = trace.variants[state.variant];
  if (!variant) return;
  drawCurves(variant);
  fillTable(byId("kept"), ["rule", "cosine", "ratio of norms", "bias"],
    Object.entries(variant.kept).map(([name, values]) => ({ cells: [name, ...values.map(shown)] })));
}

function drawCurves({ distance, curves }) {
  const svg = byId("curves");
  svg.replaceChildren();
  const make = (kind, attributes, text = "") => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    svg.appendChild(node);
  };
  const most = Math.max(...Object.values(curves).flat());
  const far = Math.log10(1 + distance[distance.length - 1]) || 1;
  const x = (d) => 44 + 460 * Math.log10(1 + d) / far;
  const y = (value) => 16 + 200 * Math.min(1, -Math.log10(value / most) / 8);
  for (let decade = 0; decade <= 8; decade += 2) {
    make("line", { x1: 44, x2: 504, y1: 16 + 25 * decade, y2: 16 + 25 * decade, class: "axis" });
    make("text", { x: 38, y: 20 + 25 * decade, "text-anchor": "end" }, (most / 10 ** decade).toExponential(0));
  }
  for (let d = 1; d <= distance[distance.length - 1]; d *= 10)
    for (const k of [1, 2, 5]) if (d * k <= distance[distance.length - 1]) make("text", { x: x(d * k), y: 232, "text-anchor": "middle" }, String(d * k));
  make("text", { x: 504, y: 12, "text-anchor": "end" }, "credit against distance, in steps back from the loss");
  Object.entries(curves).forEach(([name, values], i) => {
    const [tone, dashes] = LINES[i];
    const points = values.map((value, k) => (value > most * 1e-8 ? `${x(distance[k]).toFixed(1)},${y(value).toFixed(1)}` : "")).filter(Boolean);
    make("polyline", { points: points.join(" "), fill: "none", stroke: `var(--${tone})`, "stroke-width": 1.8, "stroke-dasharray": dashes });
    make("line", { x1: 50 + 112 * i, x2: 78 + 112 * i, y1: 250, y2: 250, stroke: `var(--${tone})`, "stroke-width": 1.8, "stroke-dasharray": dashes });
    make("text", { x: 82 + 112 * i, y: 254 }, name);
  });
}
listeners.push(showRules);
