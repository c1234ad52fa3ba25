// Small helpers: canvases that are sharp on every screen, tables, colours of the page's style.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function begin(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

function fillTable(table, head, rows, pick = null) {
  table.querySelectorAll("thead, tbody").forEach((part) => part.remove());
  const top = table.createTHead().insertRow();
  for (const text of head) top.appendChild(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    if (row.selected) line.setAttribute("aria-selected", "true");
    row.cells.forEach((text, i) => {
      const cell = i === 0 ? line.appendChild(Object.assign(document.createElement("th"), { scope: "row" })) : line.insertCell();
      if (pick && i === 0) {
        const button = Object.assign(document.createElement("button"), { textContent: text, type: "button" });
        button.addEventListener("click", () => pick(row));
        cell.appendChild(button);
      } else cell.textContent = text;
    });
  }
}

// 0..1: how strong something is, on a logarithmic scale of six decades.
const strength = (value, most) => (value > 0 && most > 0 ? Math.max(0.06, 1 + Math.log10(value / most) / 6) : 0);
