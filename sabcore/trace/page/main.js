// All together.
const { config } = trace;
const about = [`T = ${trace.T}`, `H = ${config.hidden_size}`, `k_top = ${config.k_top ?? "all"}`, `k_att = ${config.k_att}`,
  `k_trunc = ${config.k_trunc ?? "none"}`, config.truncation, `${config.score} score`, config.sparsifier];
const left = trace.allReads - trace.reads.length;
byId("about").textContent = `${about.join(", ")}; ${trace.allReads} reads${left > 0 ? `, of which the ${trace.reads.length} with most credit are here` : ""}. `
  + "Numbers are shown to four digits; norms are kept to 2 parts in 10,000.";
makeSliders();
window.addEventListener("hashchange", fromFragment);
window.addEventListener("resize", () => change({}));
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => change({}));
fromFragment();
