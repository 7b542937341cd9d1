// One Plotly figure that is updated in place. Called again on every change of data or theme.
const MODEBAR = { displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

function plotly(url) {
  window.shipdashPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded from this server"));
    document.head.appendChild(script);
  });
  return window.shipdashPlotly;
}

function themed(layout, element) {
  const css = getComputedStyle(element);
  const read = (name) => css.getPropertyValue(name).trim();
  const text = read("--st-text-color"), line = read("--st-border-color");
  const paper = read("--st-background-color");
  const out = { ...layout, paper_bgcolor: paper, plot_bgcolor: paper };
  out.font = { ...layout.font, color: text, family: read("--st-font") };
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key)))
    out[name] = { ...layout[name], gridcolor: line, linecolor: line, zerolinecolor: line };
  out.hoverlabel = { bgcolor: paper, bordercolor: line, font: { color: text } };
  return out;
}

export default async function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(":scope > .shipdash-chart");
  if (!root) {
    root = document.createElement("div");
    root.className = "shipdash-chart";
    root.setAttribute("role", "img");
    root.style.cssText = "width:100%;min-width:0;overflow:hidden";
    parentElement.appendChild(root);
  }
  root.dataset.testid = data.name;
  root.setAttribute("aria-label", data.alt);
  root.style.height = `${data.figure.layout.height}px`;
  root.shipdashLatest = data;
  const Plotly = await plotly(data.plotly);
  const latest = root.shipdashLatest;
  const config = { ...MODEBAR, toImageButtonOptions: { filename: latest.name, scale: 2 } };
  await Plotly.react(root, latest.figure.data, themed(latest.figure.layout, root), config);
  root.dataset.updates = String(Number(root.dataset.updates ?? 0) + 1);
  if (!root.shipdashObserver) {
    root.shipdashObserver = new ResizeObserver(() => {
      if (root.isConnected && root.clientWidth) Plotly.Plots.resize(root);
    });
    root.shipdashObserver.observe(root);
    root.on("plotly_click", (event) => {
      if (root.shipdashLatest.clicks) setTriggerValue("clicked", event.points[0].customdata ?? null);
    });
  }
  return () => {
    root.shipdashObserver?.disconnect();
    root.shipdashObserver = null;
    Plotly.purge(root);
    root.remove();
  };
}
