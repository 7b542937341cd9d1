// A prediction against the truth, in the gallery's one language: agreed is solid, missed an
// outline, invented hatched. Masks arrive as base64 of zlib of packed bits, first pixel first.
const CELLS = 384; // pixels of a drawn side at least: enough for lines on a projector

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

function paint(canvas, [rows, cols], colour) {
  const zoom = Math.max(1, Math.round(CELLS / Math.max(rows, cols)));
  const [width, height] = [cols * zoom, rows * zoom];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d"), picture = pen.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      pixels[y * width + x] = colour(Math.floor(y / zoom) * cols + Math.floor(x / zoom), x, y, zoom);
  pen.putImageData(picture, 0, 0);
}

const rgb = (red, green, blue) => (255 << 24) | (blue << 16) | (green << 8) | red; // little-endian
const GROUND = rgb(15, 23, 42), AGREED = rgb(226, 232, 240);
const MISSED = rgb(86, 180, 233), INVENTED = rgb(230, 159, 0);

function paintTruth(canvas, truth, shape) {
  paint(canvas, shape, (i) => (truth[i] ? AGREED : GROUND));
}

function paintErrors(canvas, truth, predicted, shape) {
  const [rows, cols] = shape;
  const missed = (row, col) => row >= 0 && row < rows && col >= 0 && col < cols
    && truth[row * cols + col] && !predicted[row * cols + col];
  const onEdge = (i, x, y, zoom) => {
    const row = Math.floor(i / cols), col = i % cols, left = x % zoom, top = y % zoom;
    const line = Math.max(1, zoom - 1); // an outline of nearly a pixel of the mask
    return (left < line && !missed(row, col - 1)) || (left >= zoom - line && !missed(row, col + 1))
      || (top < line && !missed(row - 1, col)) || (top >= zoom - line && !missed(row + 1, col));
  };
  paint(canvas, shape, (i, x, y, zoom) => {
    if (truth[i] && predicted[i]) return AGREED;
    if (truth[i]) return onEdge(i, x, y, zoom) ? MISSED : GROUND;
    return predicted[i] && (x + y) % 9 < 4 ? INVENTED : GROUND;
  });
}

const LEGEND = [["agreed", "solid"], ["missed", "outline"], ["invented", "hatched"]];

function legend() {
  const line = document.createElement("p");
  line.className = "overlay-key";
  for (const [what, how] of LEGEND) {
    const key = document.createElement("span");
    key.className = `key ${what}`;
    line.append(key, `${what} (${how})`);
  }
  return line;
}
