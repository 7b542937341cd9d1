// Keeps the name of who marks in this browser, and tells it to a server that does not know it yet.
const KEPT = "shipdash-marks-as";

export default function ({ data, setStateValue }) {
  try {
    if (data.name) window.localStorage.setItem(KEPT, data.name);
    else if (data.forget) window.localStorage.removeItem(KEPT);
    else if (window.localStorage.getItem(KEPT)) setStateValue("name", window.localStorage.getItem(KEPT));
  } catch {
    // A browser that keeps nothing: the name is asked once a visit.
  }
}
