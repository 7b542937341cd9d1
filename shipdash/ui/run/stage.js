// The stage: curve, counters, the newest pick and the probe pairs of one run at one moment. A
// replay moves the moment here, in the browser; for a run at work it is always the newest.
const LAYOUT = `
  <h3 class="title"></h3>
  <div class="numbers"></div>
  <div class="curve"></div>
  <div class="side">
    <section class="pick"><h4></h4><div class="tiles"></div></section>
    <section class="probe"><h4></h4><div class="tiles"></div></section>
  </div>
  <div class="bar"></div>
  <details><summary>Settings and provenance</summary><p></p></details>`;

function tile(parent, kind, words) {
  const figure = parent.appendChild(element("figure"));
  const picture = figure.appendChild(element(kind));
  const caption = figure.appendChild(element("figcaption"));
  const say = (text) => {
    write(caption, text);
    picture.setAttribute(kind === "img" ? "alt" : "aria-label", text);
  };
  if (kind === "canvas") picture.setAttribute("role", "img");
  say(words);
  return { figure, picture, say };
}

class Stage {
  constructor(root) {
    this.root = root;
    root.innerHTML = LAYOUT;
    const part = (name) => root.querySelector(name);
    this.title = part(".title");
    this.curve = new GrowingCurve(part(".curve"));
    this.numbers = {};
    for (const name of ["Selected", "Tested", "Time"]) {
      const cell = element("div", "", { innerHTML: `<span>${name}</span><b></b>` });
      this.numbers[name] = part(".numbers").appendChild(cell).lastChild;
    }
    const tiles = part(".pick .tiles");
    this.pick = { heading: part(".pick h4"), image: tile(tiles, "img", ""),
                  truth: tile(tiles, "canvas", "truth"), wrong: tile(tiles, "canvas", "") };
    part(".pick").append(legend());
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  // A film is unpacked once; with another guess or theme only its axes are drawn anew.
  async update(data) {
    const isNew = this.data?.film !== data.film;
    this.data = data;
    this.log = this.asked === data.log ? this.log : data.log;
    this.asked = data.log;
    this.ink = { ...inks(data.palette), strokes: data.strokes };
    for (const [name, parts] of Object.entries(data.palette))
      this.root.style.setProperty(`--${name}`, `rgb(${parts.join()})`);
    this.root.classList.toggle("present", data.present);
    this.root.classList.toggle("live", data.live);
    if (!isNew) this.label();
    this.root.querySelector("details p").textContent = data.provenance;
    if (isNew) await this.load(JSON.parse(data.film));
    await this.axes();
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isNew && data.autoplay && !data.live && !still) this.clock.play();
  }

  async load(film) {
    const length = film.shape[0] * film.shape[1], picks = film.picks;
    this.truth = await unpack(picks.truth, length);
    this.predicted = await unpack(picks.predicted, length);
    if (film.probe) {
      film.probe.truth = await unpack(film.probe.truth, length);
      film.probe.frames = await Promise.all(film.probe.frames.map((text) => unpack(text, length)));
    }
    this.film = film;
    this.root.classList.toggle("no-predictions", !picks.known.includes(true));
    this.shownPick = this.shownFrame = null;
    this.steps = { tested: [], selected: [] };
    film.selected.forEach((n, i) => {
      if (i && n === film.selected[i - 1]) return;
      this.steps.tested.push(film.tested[i]);
      this.steps.selected.push(n);
    });
    this.probeTiles();
    this.newClock();
  }

  newClock() {
    const seconds = this.film.seconds.at(-1), { live, autoplay } = this.data;
    const tell = (now) => this.show(now);
    if (live) return tell(seconds);
    this.clock?.pause();
    this.clock = new Clock(this.root.querySelector(".bar"), { seconds, tell, now: autoplay ? 0 : seconds });
  }

  probeTiles() {
    const { probe } = this.film, box = this.root.querySelector(".probe .tiles");
    this.root.querySelector(".probe h4").textContent = probe
      ? "Eight fixed pairs, as the network sees them" : this.data.no_probe;
    this.root.classList.toggle("no-probe", !probe);
    box.replaceChildren();
    this.probe = probe ? probe.truth.map((_, k) => tile(box, "canvas", `probe pair ${k}`)) : [];
  }

  axes() {
    const size = parseFloat(getComputedStyle(this.root).getPropertyValue("--chart-font"));
    const figure = this.data.figures[this.log ? "log" : "linear"];
    return this.curve.draw(figure, this.data.plotly, this.steps, size);
  }

  show(now) {
    const { film } = this, at = upTo(film.seconds, now) - 1, next = at + 1;
    const over = film.seconds[next] - film.seconds[at];
    const share = over > 0 ? (now - film.seconds[at]) / over : 0;
    const grown = share ? share * (film.tested[next] - film.tested[at]) : 0;
    const tested = Math.floor(film.tested[at] + grown), selected = film.selected[at];
    const ended = this.ended = now >= film.seconds.at(-1);
    this.label();
    write(this.title, ended ? this.data.title : this.data.heading);
    write(this.numbers.Selected, count(selected));
    write(this.numbers.Tested, count(tested));
    write(this.numbers.Time, minutes(now));
    this.curve.show(tested, selected);
    this.showPick(upTo(film.picks.seconds, now) - 1, selected);
    if (film.probe) this.showProbe(Math.max(upTo(film.probe.seconds, now) - 1, 0));
  }

  // What came out is not said before the replay has come to it.
  label() {
    this.root.setAttribute("aria-label", this.ended ? this.data.alt : this.data.heading);
  }

  // Not every pick has pictures: those of a run at work come with its checkpoints.
  showPick(k, selected) {
    if (k < 0) return;
    const { ink, film: { picks, shape } } = this, { heading, image, truth, wrong } = this.pick;
    const order = picks.order[k], score = picks.iou[k];
    const which = order < selected ? `${count(order)} of ${count(selected)}` : count(order);
    const how = score === null ? "joined untested" : `failed with IoU ${score}`;
    write(heading, `Pick ${which}: ${how}`);
    if (k === this.shownPick) return;
    this.shownPick = k;
    image.picture.src = picks.images[k];
    image.say(`pair ${count(picks.index[k])}`);
    paintTruth(truth.picture, this.truth[k], shape, ink);
    wrong.figure.classList.toggle("missing", !picks.known[k]);
    if (picks.known[k]) paintErrors(wrong.picture, this.truth[k], this.predicted[k], shape, ink);
    if (score === null) wrong.say("No prediction: the first pairs join untested.");
    else wrong.say(picks.known[k] ? "prediction" : "Its prediction was not stored.");
  }

  showProbe(k) {
    if (k === this.shownFrame) return;
    this.shownFrame = k;
    const { ink, film: { probe, shape } } = this;
    this.probe.forEach(({ picture }, i) =>
      paintErrors(picture, probe.truth[i], probe.frames[k][i], shape, ink));
  }

  key(event) {
    const { present, page_keys: everywhere } = this.data ?? {};
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!everywhere && !this.root.contains(event.target)) return;
    const typing = "input:not([type=range]), textarea, select, [contenteditable]";
    if (event.target.closest(typing)) return;
    if (event.key.startsWith("Arrow") && event.target.closest("[role=radiogroup]")) return;
    const isButton = event.target.closest("button, a, summary");
    const acts = { l: () => this.toggleLog(), Escape: present && (() => this.leave()) };
    if (!this.data.live) {
      acts.ArrowRight = () => this.clock.skip(1);
      acts.ArrowLeft = () => this.clock.skip(-1);
      if (!isButton) acts[" "] = () => this.clock.toggle();
    }
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  toggleLog() {
    this.log = !this.log;
    this.axes();
  }

  close() {
    this.clock?.pause();
    document.removeEventListener("keydown", this.onKey);
    this.curve.close();
    this.root.remove();
  }
}

export default async function ({ data, parentElement, setTriggerValue }) {
  const clean = cleanup(parentElement, () => parentElement.querySelector(":scope > .shipdash-stage")?.shipdashStage.close());
  const root = ownElement(parentElement, "shipdash-stage", (made) => {
    made.tabIndex = 0;
    made.setAttribute("role", "group");
    made.shipdashStage = new Stage(made);
  });
  const stage = root.shipdashStage;
  root.dataset.testid = data.name;
  stage.leave = () => setTriggerValue("left", true);
  // One after the other; an update that failed has been reported and does not stop the next.
  stage.updating = (stage.updating ?? Promise.resolve()).catch(() => {})
    .then(() => stage.update(data));
  await stage.updating;
  return clean;
}
