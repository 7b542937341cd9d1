// A prediction against the truth, in the gallery's one language (`ui/overlay.py`): agreed is solid,
// missed an outline, invented hatched. Masks arrive as base64 of zlib of packed bits.

async function unpack(text, length) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const bits = new Uint8Array(8 * packed.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (packed[i >> 3] >> (7 - (i & 7))) & 1;
  const masks = [];
  for (let from = 0; from + length <= bits.length; from += length)
    masks.push(bits.subarray(from, from + length));
  return masks;
}

// One canvas pixel for one of the mask, which the page enlarges: eight tiles must not cost a frame.
function paint(canvas, [rows, cols], colour) {
  if (canvas.width !== cols || canvas.height !== rows)
    Object.assign(canvas, { width: cols, height: rows });
  const pen = canvas.getContext("2d"), picture = pen.createImageData(cols, rows);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colour(i);
  pen.putImageData(picture, 0, 0);
}

const rgb = (red, green, blue) => (255 << 24) | (blue << 16) | (green << 8) | red; // little-endian

function inks(palette) {
  return Object.fromEntries(Object.entries(palette).map(([name, parts]) => [name, rgb(...parts)]));
}

function paintTruth(canvas, truth, shape, ink) {
  paint(canvas, shape, (i) => (truth[i] ? ink.agreed : ink.ground));
}

function paintErrors(canvas, truth, predicted, shape, ink) {
  const [rows, cols] = shape, line = Math.max(1, Math.floor(Math.min(rows, cols) / ink.strokes));
  const missed = (i) => truth[i] && !predicted[i];
  const onRim = (i) => { // the outline lies within what was missed
    const row = Math.floor(i / cols), col = i % cols;
    return row < line || row >= rows - line || col < line || col >= cols - line
      || !missed(i - line * cols) || !missed(i + line * cols)
      || !missed(i - line) || !missed(i + line);
  };
  const onStripe = (i) => Math.floor((Math.floor(i / cols) + (i % cols)) / line) % 3;
  paint(canvas, shape, (i) => {
    if (truth[i] && predicted[i]) return ink.agreed;
    if (truth[i]) return onRim(i) ? ink.missed : ink.ground;
    if (predicted[i]) return onStripe(i) ? ink.invented : ink.ground;
    return ink.ground;
  });
}

const LEGEND = [["agreed", "solid"], ["missed", "outline"], ["invented", "hatched"]];

function legend() {
  const line = element("p", "overlay-key");
  for (const [what, how] of LEGEND) {
    const pair = line.appendChild(element("span"));
    pair.append(element("span", `key ${what}`), `${what} (${how})`);
  }
  return line;
}
