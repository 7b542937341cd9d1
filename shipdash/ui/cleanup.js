// What a component's call answers, for Streamlit to do when the component leaves the page. Streamlit
// does it as well for a call that was overtaken while its script was loading: then nothing may be
// removed, since the later call draws into the same element. To be called before the first `await`.
function cleanup(parentElement, clean) {
  const turn = (parentElement.shipdashTurn = (parentElement.shipdashTurn ?? 0) + 1);
  return () => turn === parentElement.shipdashTurn && clean();
}
