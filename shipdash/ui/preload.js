
export default function ({ data }) {
  (window.requestIdleCallback ?? setTimeout)(() => plotly(data.plotly));
}
