export default function ({ data, parentElement }) {
  if (parentElement.asked) return;
  parentElement.asked = true;
  const when = data.later ? window.requestIdleCallback ?? setTimeout : (load) => load();
  when(() => plotly(data.plotly));
}
