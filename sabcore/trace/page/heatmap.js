// The heat map of reads: a row a step, a column the step that wrote the slot.
const heatmap = document.getElementById("heatmap");

function drawHeatmap() {
  const { pen, width, height } = begin(heatmap);
  const span = state.to - state.from + 1;
  const [dx, dy] = [width / span, height / span];
  pen.fillStyle = colour("text");
  for (const read of trace.reads) {
    if (!inView(read)) continue;
    pen.globalAlpha = Math.max(0.08, Math.abs(read.weight) / (trace.mostWeight || 1));
    pen.fillRect((read.written - state.from) * dx, (read.step - state.from) * dy, Math.max(dx, 1), Math.max(dy, 1));
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = colour("accent");
  pen.strokeRect(0.5, (state.t - state.from) * dy + 0.5, width - 1, Math.max(dy, 2) - 1);
}

heatmap.addEventListener("click", (event) => {
  const { top, height } = heatmap.getBoundingClientRect();
  change({ t: state.from + Math.floor((event.clientY - top) / height * (state.to - state.from + 1)), read: null });
});
listeners.push(drawHeatmap);
