// How one run of the Threshold page's explorer is drawn: its curve, its held-out scores, its core set,
// and its mark in the figures of the family. Which run that is, and when, is for explorer.js.

const EMPTY = { tested: [], core: [], pictures: [], fail: [], pass: [], limit: null };
const GAP = 2; // pixels between the pictures of a mosaic

function isDrawn(point) {
  return point.tested !== undefined;
}

// ---- figures

function withTraces(figure, values) {
  const data = figure.data.map((trace) => ({ ...trace, ...values[trace.name] }));
  return { data, layout: structuredClone(figure.layout) };
}

// Of a run of which only the numbers are known, the end of its curve.
function curveOf(explorer, point) {
  const { tested } = isDrawn(point) ? point : EMPTY, found = Boolean(point.kept);
  const x = tested.length ? [0, ...tested, point.n_tested] : [];
  const y = x.map((_, i) => Math.min(i, tested.length));
  return withTraces(explorer.data.curve, {
    selected: { x, y },
    end: { x: [point.n_tested], y: [point.n_core], visible: found,
           text: [`<b>${count(point.n_core ?? 0)}</b>`] },
  });
}

function heldOutOf(explorer, point) {
  const { pass, fail, limit } = isDrawn(point) ? point : EMPTY;
  const figure = withTraces(explorer.data.held, { pass: { y: pass }, fail: { y: fail } });
  for (const line of figure.layout.shapes) Object.assign(line, { x0: limit, x1: limit, visible: limit !== null });
  return figure;
}

// Marks in a figure of the family: a line at the precision, a ring round the run in view. Shapes, for
// Plotly moves them without drawing the figure again.
function marks(figure, point, text) {
  const found = [...(figure.layout.shapes ?? [])];
  if (figure.layout.xaxis.title.text === "precision")
    found.push({ type: "line", xref: "x", yref: "paper", x0: point.precision, x1: point.precision,
                 y0: 0, y1: 1, line: { color: text, width: 1 } });
  for (const trace of figure.data) {
    const at = point.id ? (trace.customdata ?? []).indexOf(point.id) : -1;
    if (at < 0) continue;
    found.push({ type: "circle", xref: "x", yref: "y", xsizemode: "pixel", ysizemode: "pixel",
                 xanchor: trace.x[at], yanchor: trace.y[at],
                 x0: -9, x1: 9, y0: -9, y1: 9, line: { color: text, width: 3 } });
  }
  return found;
}

async function drawOverview(parent, overview, point, text, clicked) {
  const shapes = marks(overview.figure, point, text), root = parent.querySelector(".shipdash-chart");
  if (root?.shipdashOverview === overview && root.shipdashText === text) {
    root.shipdashLatest.figure.layout.shapes = shapes; // for whoever zooms out again
    return window.Plotly.relayout(root, { shapes });
  }
  const { data, layout } = overview.figure;
  await drawIn(parent, { ...overview, figure: { data, layout: { ...layout, shapes } } }, clicked);
  Object.assign(parent.querySelector(".shipdash-chart"), { shipdashOverview: overview, shipdashText: text });
}

// ---- the mosaic of core pairs, one size for all runs of the family

function tiling(explorer, canvas) {
  const width = canvas.clientWidth, height = canvas.clientHeight, { most } = explorer.data;
  let side = 40;
  while (side > 6 && Math.floor(width / (side + GAP)) * Math.floor(height / (side + GAP)) < most) side -= 1;
  return { side, columns: Math.max(Math.floor(width / (side + GAP)), 1) };
}

function drawMosaic(explorer, canvas, point) {
  const { url, side: from, columns: across } = explorer.data.atlas, ratio = window.devicePixelRatio;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  const pen = canvas.getContext("2d"), { side, columns } = tiling(explorer, canvas);
  pen.scale(ratio, ratio);
  pen.fillStyle = explorer.line;
  (isDrawn(point) ? point : EMPTY).pictures.forEach((picture, i) => {
    const x = (i % columns) * (side + GAP), y = Math.floor(i / columns) * (side + GAP);
    if (picture === null || explorer.picture?.src !== url || !explorer.picture.complete)
      return pen.fillRect(x, y, side, side);
    pen.drawImage(explorer.picture, (picture % across) * from, Math.floor(picture / across) * from,
                  from, from, x, y, side, side);
  });
  const isChosen = isDrawn(point) && document.activeElement === canvas, at = chosen(explorer, point);
  if (isChosen) {
    pen.strokeStyle = explorer.text;
    pen.lineWidth = 2;
    pen.strokeRect((at % columns) * (side + GAP), Math.floor(at / columns) * (side + GAP), side, side);
  }
  const place = isChosen ? ` Number ${at + 1} is chosen: arrow keys choose another, Enter opens it.` : "";
  canvas.setAttribute("aria-label", isDrawn(point)
    ? `Images of the ${pairs(point.core.length, "core ")} in order of selection.${place}`
    : "No core pairs to show here.");
}

// The picture that the keyboard is at.
function chosen(explorer, point) {
  return Math.min(explorer.chosen ?? 0, Math.max(point.core?.length - 1, 0));
}

function keyMosaic(explorer, canvas, event) {
  const point = here(explorer), { columns } = tiling(explorer, canvas);
  if (!isDrawn(point) || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  const at = chosen(explorer, point);
  if (event.key === "Enter" && point.core.length) explorer.ask("pair", { run: point.id, index: point.core[at] });
  if (!step) return;
  event.preventDefault();
  if (point.core[at + step] !== undefined) explorer.chosen = at + step;
  drawMosaic(explorer, canvas, point);
}

function clickMosaic(explorer, canvas, event) {
  const point = here(explorer), { side, columns } = tiling(explorer, canvas);
  const col = Math.floor(event.offsetX / (side + GAP)), row = Math.floor(event.offsetY / (side + GAP));
  const index = isDrawn(point) && col < columns ? point.core[row * columns + col] : undefined;
  if (index !== undefined) explorer.ask("pair", { run: point.id, index });
}
