// Tiles of pictures as buttons: what is drawn comes from tiles.py, a click goes back as a name.
function picture(part, named) {
  const cell = element("span", "shipdash-part");
  cell.append(part.url
    ? element("img", part.is_drawing ? "shipdash-drawing" : "", { src: part.url, alt: part.name })
    : element("span", "shipdash-word", { textContent: part.word }));
  if (named) cell.append(element("span", "shipdash-part-name", { textContent: part.name }));
  return cell;
}

function tileOf(tile, data, clicked) {
  const pictures = element("span", "shipdash-parts");
  pictures.append(...tile.parts.map((part) => picture(part, data.named)));
  const out = element(data.clicks ? "button" : "div", "shipdash-tile");
  out.append(pictures, element("span", "shipdash-caption", { textContent: tile.caption }));
  if (data.clicks) {
    out.type = "button";
    out.setAttribute("aria-label", `Open ${tile.caption}`);
    out.onclick = () => clicked(tile.name);
  }
  return out;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = ownElement(parentElement, "shipdash-tiles");
  const shown = JSON.stringify(data);
  if (list.shipdashShown === shown) return; // the same tiles: the focus stays where it is
  list.shipdashShown = shown;
  list.dataset.testid = data.name;
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", data.alt);
  const n = Math.max(...data.tiles.map((tile) => tile.parts.length), 1);
  list.style.setProperty("--tile-width", `${n * data.widths[0]}px`);
  list.style.setProperty("--part-width", `${data.widths[1]}px`);
  list.replaceChildren(...data.tiles.map((tile) =>
    tileOf(tile, data, (name) => setTriggerValue("clicked", name))));
}
