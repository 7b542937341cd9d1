// What components have in common: the elements they make, and their end.
function element(kind, className = "", more = {}) {
  return Object.assign(document.createElement(kind), { className, ...more });
}

// A component's own element inside its parent: made by the first call, the same at every later one.
function ownElement(parent, className, prepare = () => {}) {
  let own = parent.querySelector(`:scope > .${className}`);
  if (!own) {
    own = parent.appendChild(element("div", className));
    prepare(own);
  }
  return own;
}

const count = (n) => n.toLocaleString("en-US");

// The same words again would be news to a screen reader, and end a selection.
function write(where, words) {
  if (where.textContent !== words) where.textContent = words;
}

// What a component's call answers, for Streamlit to do when the component leaves the page. Streamlit
// does it as well for a call that was overtaken while its script was loading: then nothing may be
// removed, since the later call draws into the same element. To be called before the first `await`.
function cleanup(parentElement, clean) {
  const turn = (parentElement.shipdashTurn = (parentElement.shipdashTurn ?? 0) + 1);
  return () => turn === parentElement.shipdashTurn && clean();
}
