// The curve of the stage: Plotly draws axes, diagonal and guess once; the part that grows is a
// path above them, because Plotly needs tens of milliseconds for a redraw and a replay has 16.
const SVG = "http://www.w3.org/2000/svg";

class GrowingCurve {
  constructor(root) {
    this.plot = root.appendChild(element("div", "plot"));
    this.layer = root.appendChild(document.createElementNS(SVG, "svg"));
    this.layer.innerHTML = '<clipPath id="shipdash-window"><rect/></clipPath>'
      + '<path clip-path="url(#shipdash-window)"/><circle r="6"/><text/>';
    [this.window, this.path, this.dot, this.label] =
      this.layer.querySelectorAll("rect, path, circle, text");
  }

  // `steps`: pairs tested and selected at each moment at which a pair joined.
  async draw(figure, url, steps, size) {
    this.steps = steps;
    const Plotly = await plotly(url);
    const layout = themed(figure.layout, this.plot);
    layout.font.size = size;
    layout.height = this.plot.clientHeight || layout.height;
    layout.margin = { l: 4.4 * size, r: 2.4 * size, t: 2 * size, b: 3.6 * size };
    for (const axis of Object.keys(layout).filter((name) => AXIS.test(name))) {
      const { title } = layout[axis];
      layout[axis].title = { ...title, font: { ...title?.font, size } };
    }
    const colour = figure.data.find((trace) => trace.uid === "selected").line.color;
    for (const [part, name] of [[this.path, "stroke"], [this.dot, "fill"]])
      part.setAttribute(name, colour);
    const traces = figure.data.filter((trace) => trace.uid !== "end").map((trace) =>
      trace.uid === "selected" ? { ...trace, x: [null], y: [null] } : { ...trace });
    await Plotly.react(this.plot, traces, layout, { displaylogo: false, displayModeBar: false });
    this.measure();
    if (!this.watched) {
      this.watched = new ResizeObserver(() => this.plot.clientWidth && this.fit());
      this.watched.observe(this.plot);
      this.plot.on("plotly_afterplot", () => this.measure());
    }
  }

  async fit() {
    await window.Plotly.relayout(this.plot, { height: this.plot.clientHeight,
                                              width: this.plot.clientWidth });
  }

  // Where data lies on the screen: asked again after every zoom and change of size.
  measure() {
    const { xaxis, yaxis, _size } = this.plot._fullLayout;
    const least = xaxis.type === "log" ? 1 : 0;
    this.x = (n) => _size.l + xaxis.d2p(Math.max(n, least));
    this.y = (n) => _size.t + yaxis.d2p(Math.max(n, least));
    for (const [name, value] of [["x", _size.l], ["y", _size.t], ["width", _size.w],
                                 ["height", _size.h]]) this.window.setAttribute(name, value);
    this.inside = (x, y) => x >= _size.l - 1 && x <= _size.l + _size.w + 1
      && y >= _size.t - 1 && y <= _size.t + _size.h + 1;
    this.corners = this.steps.tested.map((n, i) =>
      `H${this.x(n).toFixed(1)}V${this.y(this.steps.selected[i]).toFixed(1)}`);
    if (this.now) this.show(this.now.tested, this.now.selected);
  }

  show(tested, selected) {
    this.now = { tested, selected };
    if (!this.x) return; // plotly.js is still on its way
    const x = this.x(tested), y = this.y(selected);
    const joined = upTo(this.steps.tested, tested);
    this.path.setAttribute("d", `M${this.x(0).toFixed(1)} ${this.y(0).toFixed(1)}`
      + `${this.corners.slice(0, joined).join("")}H${x.toFixed(1)}`);
    for (const part of [this.dot, this.label]) part.style.display = this.inside(x, y) ? "" : "none";
    this.dot.setAttribute("cx", x);
    this.dot.setAttribute("cy", y);
    this.label.setAttribute("x", x);
    this.label.setAttribute("y", y - 14);
    this.label.textContent = count(selected);
  }

  close() {
    this.watched?.disconnect();
    window.Plotly?.purge(this.plot);
  }
}

// How many of the rising values are at most `limit`.
const upTo = (values, limit) => values.findLastIndex((value) => value <= limit) + 1;
