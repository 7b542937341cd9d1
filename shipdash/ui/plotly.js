// plotly.js from this server, loaded once a page, and a figure's layout in the theme's colours.
const AXIS = /^[xy]axis\d*/;

// A server that is away just now is asked again: Streamlit puts an error in the place of a component
// whose drawing fails, until the page is loaded anew.
function plotly(url) {
  window.shipdashPlotly ??= new Promise((resolve) => {
    const ask = () => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        script.remove();
        setTimeout(ask, 1000);
      };
      document.head.appendChild(script);
    };
    ask();
  });
  return window.shipdashPlotly;
}

function themed(layout, element) {
  const css = getComputedStyle(element);
  const read = (name) => css.getPropertyValue(name).trim();
  const text = read("--st-text-color"), line = read("--st-border-color");
  const paper = read("--st-background-color");
  const out = { ...layout, paper_bgcolor: paper, plot_bgcolor: paper };
  out.font = { ...layout.font, color: text, family: read("--st-font") };
  for (const name of Object.keys(layout).filter((key) => AXIS.test(key)))
    out[name] = { ...layout[name], gridcolor: line, linecolor: line, zerolinecolor: line };
  out.hoverlabel = { bgcolor: paper, bordercolor: line, font: { color: text } };
  return out;
}
