
export default async function ({ data, parentElement, setTriggerValue }) {
  await drawIn(parentElement, data, (what) => setTriggerValue("clicked", what));
  return () => removeFrom(parentElement);
}
