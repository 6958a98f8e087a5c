// The back end with a server, which answers in JSON; see backend.js.

export const overview = () => received("api/overview", {});
export const gallery = ({ run }) => post("api/gallery", { run });
export const timeline = ({ made }) => post("api/timeline", { made });

export async function align(question) {
  const answer = await post("api/align", question);
  return answer.views.length ? { ...answer, weights: sixteenBits(answer.weights) } : answer;
}

export async function look({ run, scene, speaks }, file) {
  const query = new URLSearchParams(speaks ? { run, speaks } : { run });
  const upload = { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file };
  const answer = file ? await received(`api/look-at?${query}`, upload) : await post("api/look", { run, scene, speaks });
  const { maps, rows } = answer;
  return { ...answer, maps: unpacked(maps), rows: rows && { ...rows, values: unpacked(rows) } };
}

function post(path, body) {
  return received(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function received(path, options) {
  const response = await fetch(path, options).catch(() => { throw new Error("The page's server does not answer: is it still running?"); });
  const answer = await response.json().catch(() => ({ error: `The server answered with status ${response.status}.` }));
  if (response.ok) return answer;
  const wrong = /** @type {Error & {later?: number}} */ (new Error(answer.error ?? `The server answered with status ${response.status}.`));
  if (response.status === 503) wrong.later = Number(response.headers.get("retry-after")) || 0;
  throw wrong;
}

/** Numbers from 0 to 1, sent as 16 bits each. */
function sixteenBits(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true) / 65535);
}

/** Rows of numbers, each sent in units of its largest. */
function unpacked({ most, values }) {
  const parts = sixteenBits(values);
  const length = parts.length / most.length;
  return parts.map((part, i) => part * most[Math.floor(i / length)]);
}
