// The clock of a replay, in seconds of the run, and the bar that plays, pauses, seeks and sets the
// speed. "10 s" plays the whole run in ten seconds, "real time" as fast as it happened.
const SPEEDS = { "10 s": 10, "30 s": 30, "real time": null };
const KEY_STEP = 0.02; // of the run, for one press of an arrow

function minutes(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

class Clock {
  constructor(root, { seconds, now, tell }) {
    Object.assign(this, { seconds, now, tell, speed: Object.keys(SPEEDS)[0], playing: false });
    root.innerHTML = '<button type="button" class="play"></button>'
      + '<input type="range" min="0" step="any" aria-label="Time in the run">'
      + '<output></output><span role="group" aria-label="Speed of the replay"></span>';
    [this.button, this.range, this.output, this.speeds] = root.children;
    this.range.max = seconds;
    this.button.onclick = () => this.toggle();
    this.range.oninput = () => this.seek(Number(this.range.value));
    for (const name of Object.keys(SPEEDS)) this.speeds.append(this.choice(name));
    this.show();
  }

  choice(name) {
    const button = element("button", "", { type: "button", textContent: name });
    button.setAttribute("aria-pressed", String(name === this.speed));
    button.onclick = () => {
      this.speed = name;
      for (const other of this.speeds.children)
        other.setAttribute("aria-pressed", String(other === button));
    };
    return button;
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.now >= this.seconds) this.now = 0;
    this.playing = true;
    this.last = null;
    requestAnimationFrame((time) => this.tick(time));
    this.show();
  }

  pause() {
    this.playing = false;
    this.show();
  }

  seek(seconds) {
    this.now = Math.min(Math.max(seconds, 0), this.seconds);
    this.show();
  }

  skip(direction) {
    this.seek(this.now + direction * KEY_STEP * this.seconds);
  }

  tick(time) {
    if (!this.playing) return;
    const whole = SPEEDS[this.speed] ?? this.seconds;
    if (this.last !== null)
      this.now = Math.min(this.now + ((time - this.last) / 1000) * (this.seconds / whole),
                          this.seconds);
    this.last = time;
    if (this.now >= this.seconds) this.playing = false;
    this.show();
    if (this.playing) requestAnimationFrame((next) => this.tick(next));
  }

  show() {
    write(this.button, this.playing ? "Pause" : this.now >= this.seconds ? "Play again" : "Play");
    const said = `${minutes(this.now)} of ${minutes(this.seconds)}`;
    write(this.output, said);
    this.range.value = this.now;
    this.range.setAttribute("aria-valuetext", said);
    this.tell(this.now);
  }
}
