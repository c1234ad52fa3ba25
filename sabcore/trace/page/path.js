// From a read back up to the loss: at each state the edge that brings most.
function pathFrom(read) {
  const path = [{ text: `read at step ${read.step} of the slot of step ${read.written}, through the ${
    read.value >= read.score ? "value" : "score"}`, at: read.step, arrives: Math.max(read.value, read.score) }];
  let t = read.step;
  for (let hops = 0; hops < trace.T + 1; hops++) {
    const edge = EDGES.slice(0, 5).reduce((a, b) => (trace.edges[b][t] > trace.edges[a][t] ? b : a));
    const arrives = trace.edges[edge][t];
    if (arrives === 0) break;
    if (edge === "loss") {
      path.push({ text: `the loss at step ${t}`, at: t, arrives });
      break;
    }
    const next = edge === "recurrent" ? t + 1 : strongestReader(t, edge);
    if (next === null) break;
    path.push({ text: edge === "recurrent" ? `recurrent, from step ${next} to ${t}`
      : `${edge}, read at step ${next} of the slot of step ${t}`, at: t, arrives });
    t = next;
  }
  return path;
}

function strongestReader(t, edge) {
  const by = edge === "value" ? "value" : "score";
  const readers = trace.readersOf[t];
  return readers.length ? readers.reduce((a, b) => (b[by] > a[by] ? b : a)).step : null;
}

function showPath() {
  const list = byId("path");
  list.replaceChildren();
  if (state.read === null) {
    list.appendChild(Object.assign(document.createElement("li"), { textContent: "No read is chosen." }));
    return;
  }
  const path = pathFrom(trace.reads[state.read]);
  path.forEach((link, i) => {
    const before = path[i + 1];
    const factor = before ? ` × ${shown(link.arrives / before.arrives)}` : "";
    const text = `${link.text}: ${shown(link.arrives)}${factor}`;
    list.appendChild(Object.assign(document.createElement("li"), { textContent: text }));
  });
}
listeners.push(showPath);
