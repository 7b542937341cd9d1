// Going through ranked images by keyboard: shows what marker.py sends and says what was answered.
// An answer is shown at once, and sent again with the next one until the server has heard it.
const KEYS = { r: "right", w: "wrong", s: "skip", u: "undo", ArrowLeft: "back", ArrowRight: "on" };
const ANSWERS = ["right", "wrong", "skip"];
const SAID = { right: "Marked right", wrong: "Marked wrong", skip: "Skipped" };
const LOOK_MS = 500; // an image is in the link once somebody has stayed at it so long
const AGAIN_MS = 4_000; // an answer that nobody has heard by then is sent again

const LAYOUT = `
  <p class="marker-count" role="status"></p>
  <div class="marker-main">
    <div class="marker-pictures">
      <figure><img class="marker-image" alt=""><figcaption>image</figcaption></figure>
      <figure><span class="marker-layers"><img class="marker-under" alt=""><img class="marker-predicted" alt=""></span>
        <figcaption class="marker-caption"></figcaption></figure>
    </div>
    <div class="marker-side">
      <p class="marker-name"></p>
      <p class="marker-rank"></p>
      <p class="marker-said"></p>
      <div class="marker-buttons">
        <button type="button" data-do="right"><span>Right</span><kbd>R</kbd></button>
        <button type="button" data-do="wrong"><span>Wrong</span><kbd>W</kbd></button>
        <button type="button" data-do="skip"><span>Skip</span><kbd>S</kbd></button>
        <button type="button" data-do="undo"><span>Undo</span><kbd>U</kbd></button>
        <button type="button" data-do="back" aria-label="Previous image"><span>Previous</span><kbd>←</kbd></button>
        <button type="button" data-do="on" aria-label="Next image"><span>Next</span><kbd>→</kbd></button>
      </div>
      <p class="marker-why"></p>
    </div>
  </div>
  <p class="marker-all" hidden></p>
  <div class="marker-row" role="group" aria-label="The images around this one"></div>`;

class Marker {
  // `pending` is what an earlier one in this place has not been heard with.
  constructor(root, pending) {
    this.root = root;
    root.innerHTML = LAYOUT;
    Object.assign(this, { pending, at: null, turn: 0, waits: false, seq: 0, n_sent: 0 });
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.do) this.act(button.dataset.do);
      else if (button?.dataset.number) this.look(Number(button.dataset.number));
    });
    this.onKey = (event) => this.key(event);
    // Before Streamlit's own: there r runs the page again.
    window.addEventListener("keydown", this.onKey, true);
    // What has not been heard would be lost with the page: the browser asks first.
    this.onLeave = (event) => { if (this.pending.length) event.preventDefault(); };
    window.addEventListener("beforeunload", this.onLeave);
  }

  part(name) {
    return this.root.querySelector(`.marker-${name}`);
  }

  update(data) {
    this.data = data;
    this.seq = Math.max(this.seq, data.heard, ...this.pending.map((one) => one.seq));
    this.pending = this.pending.filter((one) => one.seq > data.heard);
    if (data.place.turn > this.turn) {
      Object.assign(this, { turn: data.place.turn, at: data.place.number, waits: false });
    }
    if (this.pending.length && !this.n_sent) this.send(false);
    this.draw();
  }

  // The mark of an image as this browser sees it: what was just answered, else what is stored.
  markOf(number) {
    const said = this.pending.findLast((one) => one.number === number);
    return said ? { mark: said.what, who: this.data.who } : this.data.marks[number];
  }

  key(event) {
    const typed = event.composedPath()[0];
    const writes = typed.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(typed.tagName);
    const what = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!what || writes || event.ctrlKey || event.metaKey || event.altKey || event.repeat
        || document.querySelector("[role=dialog]")
        || (event.key.length > 1 && typed.closest?.("[role=radiogroup]"))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.act(what);
  }

  act(what) {
    const { images, why } = this.data, where = images.findIndex((one) => one.number === this.at);
    if (what === "back" || what === "on") {
      const one = images[where + (what === "on" ? 1 : -1)];
      if (where >= 0 && one) this.look(one.number);
    } else if (!why && !this.waits) {
      if (what === "undo") this.undo();
      else if (where >= 0) this.answer(what, where);
    }
  }

  answer(what, where) {
    const { images } = this.data, number = this.at;
    this.seq += 1;
    this.pending.push({ seq: this.seq, what, number });
    const next = images.slice(where + 1).find((one) => !this.markOf(one.number));
    if (next) this.at = next.number;
    this.waits = !next;
    this.send(!next);
    this.draw();
  }

  undo() {
    this.seq += 1;
    this.pending.push({ seq: this.seq, what: "undo" });
    this.waits = true;
    this.send(false);
    this.draw();
  }

  look(number) {
    if (this.waits) return;
    this.at = number;
    this.draw();
    clearTimeout(this.looks);
    this.looks = setTimeout(() => this.send(false), LOOK_MS);
  }

  send(next) {
    clearTimeout(this.looks);
    clearTimeout(this.again);
    this.n_sent += 1; // or the same answers, sent again, would be no news
    this.tell({ said: this.pending, at: this.at, turn: this.turn, next, n_sent: this.n_sent });
    this.again = setTimeout(() => (this.pending.length || this.waits) && this.send(next), AGAIN_MS);
  }

  draw() {
    const { data, root } = this, one = data.images.find((image) => image.number === this.at);
    this.part("count").textContent = this.counted();
    this.part("why").textContent = data.why;
    this.part("main").hidden = !one;
    this.part("all").hidden = Boolean(one);
    this.part("all").textContent = this.at === null
      ? "Every image is marked. Choose one below to look at it again." : "Loading the next images.";
    if (one) this.drawImage(one);
    for (const button of root.querySelectorAll("[data-do]"))
      button.disabled = this.waits || (data.why && !["back", "on"].includes(button.dataset.do));
    this.drawRow();
  }

  drawImage(one) {
    this.part("image").src = one.image;
    this.part("image").alt = `Image ${one.name}`;
    this.part("under").src = one.image;
    this.part("predicted").src = one.border;
    this.part("predicted").alt = one.empty ? "The network predicts no target."
      : "The image with the border of the predicted target.";
    this.part("caption").textContent = one.empty
      ? "the network predicts no target" : "yellow line: border of the predicted target";
    this.part("name").textContent = one.name;
    this.part("rank").textContent = `Rank ${count(one.rank)} of ${count(this.data.n)}`
      + `${one.uncertainty && `, uncertainty ${one.uncertainty}`}`;
    const said = this.markOf(one.number);
    this.part("said").textContent = said ? `${SAID[said.mark]} by ${said.who}` : "Not marked yet";
    this.root.querySelectorAll("[data-do]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.do === said?.mark)));
  }

  counted() {
    const { counts, n } = this.data, all = ANSWERS.map((mark) => counts[mark] ?? 0);
    const [right, wrong, skipped] = all.map(count);
    const words = `${count(all.reduce((a, b) => a + b))} of ${count(n)} marked: `
      + `${right} right, ${wrong} wrong, ${skipped} skipped`;
    return this.pending.length ? `${words} · storing ${this.pending.length}` : words;
  }

  drawRow() {
    const row = this.part("row");
    const shown = this.data.images.map((image) => image.number).join();
    if (row.dataset.shown !== shown) {
      row.dataset.shown = shown;
      row.replaceChildren(...this.data.images.map((image) => {
        const button = element("button", "", { type: "button" });
        button.dataset.number = image.number;
        const layers = element("span", "marker-layers");
        for (const src of [image.image, image.border]) layers.append(element("img", "", { src, alt: "" }));
        button.append(layers, element("span"));
        return button;
      }));
    }
    this.data.images.forEach((image, k) => {
      const button = row.children[k], mark = this.markOf(image.number)?.mark;
      button.setAttribute("aria-current", String(image.number === this.at));
      button.setAttribute("aria-label", `Rank ${image.rank}, ${image.name}, ${mark ?? "not marked"}`);
      button.lastChild.textContent = `${image.rank} ${mark ? `· ${mark}` : ""}`;
    });
  }

  close() {
    clearTimeout(this.looks);
    clearTimeout(this.again);
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("beforeunload", this.onLeave);
    this.root.remove();
  }
}

// Streamlit may take the component away and bring it back; the answers under way stay.
const unheard = window.shipdashUnheard ??= {};

export default function ({ data, parentElement, setStateValue }) {
  const root = ownElement(parentElement, "shipdash-marker", (made) => {
    made.dataset.testid = data.name;
    made.shipdashMarker = new Marker(made, unheard[data.key] ?? []);
  });
  root.shipdashMarker.tell = (said) => setStateValue("said", said);
  root.shipdashMarker.update(data);
  return () => {
    unheard[data.key] = root.shipdashMarker.pending;
    root.shipdashMarker.close();
  };
}
