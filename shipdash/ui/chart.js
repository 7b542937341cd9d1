// Plotly figures that are updated in place. `drawIn` is called again on every change of data or theme;
// chart_mount.js and the explorer of the Threshold page end this file with the component itself.
// It needs elements.js and plotly.js, which come before it.
const MODEBAR = {
  displaylogo: false,
  doubleClick: false, // ours: back to the newest range, not to that of the first drawing
  modeBarButtonsToRemove: ["sendChartToCloud", "lasso2d", "select2d", "autoScale2d", "resetScale2d",
                           "toImage"], // ours says what it shows
};

// Draw the newest data. Plotly's uirevision keeps hidden traces, but of a zoom only those ends of
// an axis that the figure leaves alone; ours follow the data, so the viewer's ranges are put in.
async function redraw(root) {
  const { figure } = root.shipdashLatest;
  const layout = themed(figure.layout, root);
  const shown = `${layout.uirevision} ${root.shipdashLatest.subject}`;
  if (root.shipdashShown !== shown) root.shipdashZoomed = {};
  root.shipdashShown = shown;
  for (const axis of Object.keys(layout).filter((key) => AXIS.test(key))) {
    layout[axis].uirevision = false;
    if (root.shipdashZoomed[axis])
      Object.assign(layout[axis], { range: [...root.shipdashZoomed[axis]], autorange: false });
  }
  const { camera, home } = window.Plotly.Icons;
  const reset = { name: "reset", title: "Show all", icon: home, click: showAll };
  const png = { name: "png", title: "Download as PNG", icon: camera, click: download };
  const config = { ...MODEBAR, modeBarButtonsToAdd: [png, reset] };
  // Copies: Plotly writes a viewer's choices into what it is given, and then takes them for ours.
  await window.Plotly.react(root, figure.data.map((trace) => ({ ...trace })), layout, config);
}

function showAll(root) {
  root.shipdashZoomed = {};
  return redraw(root);
}

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= most || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// What is in view as a file that speaks for itself: the finding above, where it comes from below.
function download(root) {
  const { title, origin, name } = root.shipdashLatest;
  const { width, height, margin, _size } = root._fullLayout;
  const above = wrapped(title, width / 9.5), below = wrapped(origin, (width - 32) / 6.8);
  const head = 22 * above.length + 18, foot = 16 * below.length + 10;
  const layout = structuredClone(root.layout);
  Object.assign(layout, { width, height: height + head + foot, autosize: false });
  layout.margin = { ...layout.margin, t: _size.t + head, b: margin.b + foot };
  layout.title = { text: above.join("<br>"), font: { size: 17 }, xref: "container", yref: "container",
    x: 0, xanchor: "left", y: 1, yanchor: "top", pad: { t: 12, l: 16 } };
  layout.annotations = [...(layout.annotations ?? []), {
    text: below.join("<br>"), font: { size: 11 }, showarrow: false, align: "left",
    xref: "paper", x: 0, xanchor: "left", yref: "paper", y: 0, yanchor: "top",
    xshift: 16 - _size.l, yshift: -margin.b }];
  return window.Plotly.downloadImage({ data: root.data, layout },
    { format: "png", filename: name, scale: 2, width, height: layout.height });
}

// A line drawn through a mark takes its clicks: the mark that a click on a line was meant for.
function markUnder(root, { x, y, xaxis, yaxis }) {
  const far = (trace, i) => Math.hypot(xaxis.d2p(trace.x[i]) - xaxis.d2p(x), yaxis.d2p(trace.y[i]) - yaxis.d2p(y));
  for (const trace of root._fullData.filter((t) => t.customdata)) {
    const at = trace.customdata.findIndex((_, i) => far(trace, i) < 8);
    if (at >= 0) return trace.customdata[at];
  }
  return null;
}

function listen(root) {
  root.on("plotly_relayout", (changes) => {
    for (const key of Object.keys(changes)) {
      const axis = key.match(AXIS)?.[0];
      if (axis && key.startsWith(`${axis}.range`)) root.shipdashZoomed[axis] = root.layout[axis].range;
    }
  });
  root.on("plotly_doubleclick", () => setTimeout(showAll, 0, root));
  root.on("plotly_click", (event) => {
    const [hit] = event.points;
    if (root.shipdashLatest.clicks) root.shipdashClicked(hit.customdata ?? markUnder(root, hit));
  });
}

// The figure inside an element: made on the first call, updated in place after that.
async function drawIn(parent, data, clicked) {
  const root = ownElement(parent, "shipdash-chart", (made) => {
    made.setAttribute("role", "img");
    made.style.cssText = "width:100%;min-width:0;overflow:hidden";
  });
  root.dataset.testid = data.name;
  root.setAttribute("aria-label", data.alt);
  root.style.height = `${data.figure.layout.height}px`;
  root.shipdashLatest = data;
  root.shipdashClicked = clicked;
  const Plotly = await plotly(data.plotly);
  await redraw(root);
  root.dataset.updates = String(Number(root.dataset.updates ?? 0) + 1);
  if (!root.shipdashObserver) {
    root.shipdashObserver = new ResizeObserver(() => {
      if (root.isConnected && root.clientWidth) Plotly.Plots.resize(root);
    });
    root.shipdashObserver.observe(root);
    listen(root);
  }
}

function removeFrom(parent) {
  const root = parent.querySelector(":scope > .shipdash-chart");
  root?.shipdashObserver?.disconnect();
  if (root) window.Plotly?.purge(root);
  root?.remove();
}
