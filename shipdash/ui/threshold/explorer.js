// The explorer of the Threshold page. A *place* is a precision, an order seed, a model seed and a
// rule; the run that is there is drawn from what was sent once, so a drag never waits for the server.

const SKELETON = `
  <div class="family">
    <h4 data-text="coreTitle"></h4>
    <div data-chart="core"></div>
    <label class="along"><span class="hidden">Precision</span>
      <input type="range" data-control="precision" step="0.01"></label>
    <div class="controls">
      <label>Precision <input type="number" data-control="exact" min="0.05" max="1" step="0.01"></label>
      <label><span data-text="seeds"></span> <input type="range" data-control="seeds" step="1" min="0"></label>
      <fieldset><legend class="hidden">Acceptance rule</legend><span data-part="rules"></span></fieldset>
    </div>
    <h4 data-text="secondTitle"></h4>
    <div data-chart="second"></div>
  </div>
  <div class="run" aria-live="polite">
    <h4 data-text="runTitle"></h4>
    <p><span data-text="origin"></span>
      <button type="button" data-action="open">Open this run</button>
      <button type="button" data-action="compute" class="primary"></button>
      <span data-text="whyNot"></span></p>
    <div data-chart="curve"></div>
    <div class="pair">
      <div><h5 data-text="coreSaid"></h5><canvas role="application" tabindex="0"></canvas></div>
      <div><h5 data-text="heldSaid"></h5><div data-chart="held"></div></div>
    </div>
  </div>`;

const ASKED_MS = 20_000; // by then a run that was asked for has begun, or may be asked for again

const keyOf = (place) => [place.precision.toFixed(4), place.order, place.model, place.rule].join("|");

function part(root, name, value) {
  return root.querySelector(`[data-${name}="${value}"]`);
}

function say(root, name, words) {
  part(root, "text", name).textContent = words;
}

// What is at the viewer's place: a point of the table, or nothing but the place itself.
function here(explorer) {
  return explorer.byKey.get(keyOf(explorer.place)) ?? { ...explorer.place, state: "missing", kept: "", failing: "" };
}

// ---- words

const STATES = {
  queued: "waiting for its turn", running: "being computed", failed: "the run failed",
  cancelled: "the run was cancelled", paused: "the run is paused", lost: "the run stopped unexpectedly",
};

function standing(explorer, point) {
  const asked = explorer.asked.has(keyOf(point)) ? "requested; a worker is starting" : "not computed yet";
  return STATES[point.state] ?? asked;
}

const pairs = (n, kind = "") => `${count(n)} ${kind}${n === 1 ? "pair" : "pairs"}`;

function words(root, explorer, point) {
  const { rules, cost, whyNot, overviews } = explorer.data, [core, second] = overviews[explorer.place.rule];
  const where = `precision ${point.precision}, ${rules[point.rule]}, order seed ${point.order}`;
  const found = Boolean(point.kept);
  say(root, "coreTitle", core.title);
  say(root, "secondTitle", second.title);
  say(root, "runTitle", `At ${where}: ` + (found ? point.kept : standing(explorer, point)));
  say(root, "origin", point.origin ?? "");
  say(root, "coreSaid", isDrawn(point) ? `The ${pairs(point.core.length)} it kept, in order`
    : found ? "Only the numbers of this run were recorded" : "");
  say(root, "heldSaid", point.failing ?? "");
  const models = new Set(explorer.data.points.map((p) => p.model));
  say(root, "seeds", `Order seed ${point.order}` + (models.size > 1 ? `, model seed ${point.model}` : ""));
  part(root, "action", "open").hidden = !found || point.recorded;
  const compute = part(root, "action", "compute");
  const asked = ["queued", "running"].includes(point.state)
    || (point.state === "missing" && explorer.asked.has(keyOf(point)));
  const isWanting = !asked && !(found && (isDrawn(point) || !point.recorded));
  compute.hidden = !isWanting || Boolean(whyNot);
  say(root, "whyNot", isWanting ? whyNot : "");
  compute.textContent = `Compute it here${cost ? `, ${cost}` : ""}`;
}

function syncControls(root, explorer) {
  const { place, seeds } = explorer;
  const slider = part(root, "control", "precision"), exact = part(root, "control", "exact");
  slider.value = place.precision;
  slider.setAttribute("aria-valuetext", `precision ${place.precision}`);
  if (document.activeElement !== exact) exact.value = place.precision;
  const seed = part(root, "control", "seeds");
  seed.value = seeds.findIndex((s) => s[0] === place.order && s[1] === place.model);
  seed.setAttribute("aria-valuetext", `order seed ${place.order}, model seed ${place.model}`);
  for (const choice of root.querySelectorAll("input[name=explorer-rule]"))
    choice.checked = choice.value === place.rule;
}

// ---- drawing and moving

async function draw(root) {
  const { explorer } = root, point = here(explorer), key = keyOf(explorer.place);
  const css = getComputedStyle(root), text = css.getPropertyValue("--st-text-color").trim();
  explorer.line = css.getPropertyValue("--st-border-color").trim();
  syncControls(root, explorer);
  words(root, explorer, point);
  drawMosaic(explorer, root.querySelector("canvas"), point);
  const [core, second] = explorer.data.overviews[explorer.place.rule];
  const one = { plotly: core.plotly, clicks: false, subject: core.subject, origin: point.origin || explorer.data.told };
  const clicked = (id) => explorer.byId.has(id) && move(root, explorer.byId.get(id), true);
  await Promise.all([
    drawIn(part(root, "chart", "curve"), { ...one, name: "explorer_curve", title: point.kept,
      figure: curveOf(explorer, point), alt: `Pairs selected against pairs tested. ${point.kept || "Not computed yet"}.` }),
    drawIn(part(root, "chart", "held"), { ...one, name: "explorer_held", title: point.failing,
      figure: heldOutOf(explorer, point), alt: `Histogram of IoU over held-out pairs. ${point.failing || "Not computed yet"}.` }),
  ]);
  await drawOverview(part(root, "chart", "core"), core, point, text, clicked);
  await drawOverview(part(root, "chart", "second"), second, point, text, clicked);
  root.dataset.shown = key; // all of it is on the screen now
}

// At most one drawing at a time: what is dragged over meanwhile is skipped.
async function redrawn(root) {
  const { explorer } = root;
  if (root.dataset.shown === keyOf(explorer.place) && !explorer.changed) return;
  explorer.stale = true;
  if (explorer.busy) return;
  explorer.busy = true;
  try {
    while (explorer.stale) {
      explorer.stale = explorer.changed = false;
      await draw(root);
      await new Promise(requestAnimationFrame);
    }
  } finally {
    explorer.busy = false;
  }
}

function move(root, changes, released) {
  const { explorer } = root;
  const { precision, order, model, rule } = { ...explorer.place, ...changes };
  explorer.place = { precision, order, model, rule };
  if (!explorer.stops.includes(precision)) explorer.stops = [...explorer.stops, precision].sort((a, b) => a - b);
  const drawn = redrawn(root);
  if (!released) return;
  explorer.said.delete(keyOf(explorer.place)); // the newest is the last
  explorer.said.add(keyOf(explorer.place));
  // The answer first, then the link; with a turn, since the same place said twice would be no news.
  drawn.then(() => explorer.tell({ ...explorer.place, turn: (explorer.turn = (explorer.turn ?? 0) + 1) }));
}

const nearest = (stops, value) => stops.reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));

function listenToControls(root) {
  const { explorer } = root, control = (name) => part(root, "control", name);
  const dragged = (released) => () =>
    move(root, { precision: nearest(explorer.stops, Number(control("precision").value)) }, released);
  control("precision").addEventListener("input", dragged(false));
  control("precision").addEventListener("change", dragged(true));
  control("precision").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const stop = explorer.stops[explorer.stops.indexOf(explorer.place.precision) + step];
    if (stop !== undefined) move(root, { precision: stop }, true);
  });
  control("exact").addEventListener("change", ({ target }) => {
    const { rangeUnderflow, rangeOverflow } = target.validity; // between two steps is fine: 0.875
    if (target.value && !rangeUnderflow && !rangeOverflow) move(root, { precision: Number(target.value) }, true);
    else target.reportValidity();
  });
  const seeded = (released) => ({ target }) => {
    const [order, model] = explorer.seeds[Number(target.value)];
    move(root, { order, model }, released);
  };
  control("seeds").addEventListener("input", seeded(false));
  control("seeds").addEventListener("change", seeded(true));
  part(root, "part", "rules").addEventListener("change", ({ target }) => move(root, { rule: target.value }, true));
  part(root, "action", "compute").addEventListener("click", () => {
    const key = keyOf(explorer.place);
    explorer.asked.add(key);
    words(root, explorer, here(explorer));
    explorer.ask("compute", { ...explorer.place });
    setTimeout(() => { // refused, or cancelled before it began: it may be asked for again
      explorer.asked.delete(key);
      words(root, explorer, here(explorer));
    }, ASKED_MS);
  });
  part(root, "action", "open").addEventListener("click", () => explorer.ask("open", here(explorer).id));
  const canvas = root.querySelector("canvas");
  canvas.addEventListener("click", (event) => clickMosaic(explorer, canvas, event));
  canvas.addEventListener("keydown", (event) => keyMosaic(explorer, canvas, event));
  for (const what of ["focus", "blur"])
    canvas.addEventListener(what, () => drawMosaic(explorer, canvas, here(explorer)));
}

function build(root) {
  root.innerHTML = SKELETON;
  root.explorer = { said: new Set(), asked: new Set() };
  listenToControls(root);
}

// Every answer to what we said comes once; the same place told again is the browser's Back.
function forgetUpTo(said, told) {
  for (const earlier of [...said]) {
    said.delete(earlier);
    if (earlier === told) return;
  }
}

// Take up what the server sent: its place only where that is news and not our own, come back.
function adopt(root, data) {
  const { explorer } = root, { place } = data, told = keyOf(place);
  explorer.changed ||= data.version !== explorer.data?.version;
  if (!explorer.changed) data = explorer.data; // the same, sent again
  explorer.data = data;
  explorer.byKey = new Map(data.points.map((point) => [keyOf(point), point]));
  explorer.byId = new Map(data.points.map((point) => [point.id, point]));
  const isEcho = explorer.said.has(told);
  if (isEcho) forgetUpTo(explorer.said, told);
  if (!explorer.place || (told !== explorer.told && !isEcho)) explorer.place = place;
  explorer.told = told;
  explorer.stops = [...new Set([...data.stops, explorer.place.precision])].sort((a, b) => a - b);
  const seeds = [...data.points, explorer.place].map((p) => [p.order, p.model]);
  explorer.seeds = [...new Map(seeds.map((s) => [s.join(), s])).values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  part(root, "control", "seeds").max = explorer.seeds.length - 1;
  const [low, high] = data.overviews[explorer.place.rule][0].figure.layout.xaxis.range;
  Object.assign(part(root, "control", "precision"), { min: low, max: high });
  if (!part(root, "part", "rules").childElementCount)
    for (const [rule, said] of Object.entries(data.rules)) {
      const label = element("label", "", { innerHTML: '<input type="radio" name="explorer-rule"> <span></span>' });
      label.firstChild.value = rule;
      label.lastChild.textContent = said;
      part(root, "part", "rules").append(label);
    }
  if (explorer.picture?.src !== data.atlas.url) {
    explorer.picture = new Image();
    explorer.picture.onload = () => drawMosaic(explorer, root.querySelector("canvas"), here(explorer));
    explorer.picture.src = data.atlas.url;
  }
}

// Called again on every answer of the server and every change of theme.
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const clean = cleanup(parentElement, () => {
    root.shipdashObserver.disconnect();
    root.querySelectorAll("[data-chart]").forEach(removeFrom);
    root.remove();
  });
  const root = ownElement(parentElement, "shipdash-explorer", build);
  root.explorer.tell = (place) => setStateValue("place", place);
  root.explorer.ask = setTriggerValue;
  const text = getComputedStyle(root).getPropertyValue("--st-text-color");
  root.explorer.changed = root.explorer.changed || text !== root.explorer.text;
  root.explorer.text = text;
  adopt(root, data);
  redrawn(root);
  root.shipdashObserver ??= new ResizeObserver(() =>
    drawMosaic(root.explorer, root.querySelector("canvas"), here(root.explorer)));
  root.shipdashObserver.observe(root.querySelector("canvas"));
  return clean;
}
