
export default function ({ data, parentElement, setTriggerValue }) {
  if (parentElement.asked) return;
  parentElement.asked = true;
  if (!data.tell) { plotly(data.plotly); return; }
  const later = window.requestIdleCallback ?? setTimeout;
  later(() => plotly(data.plotly).then(() => setTriggerValue("loaded", true)));
}
