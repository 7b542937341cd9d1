export default async function ({ data, parentElement, setTriggerValue }) {
  const clean = cleanup(parentElement, () => removeFrom(parentElement));
  await drawIn(parentElement, data, (what) => setTriggerValue("clicked", what));
  return clean;
}
