// Questions to the server.

const given = new Map();

/** What to ask again to get an answer. */
function question(path, body) {
  return body === null ? path : `${path} ${JSON.stringify(body)}`;
}

/** The answer of the server as an object. Throws an Error with a sentence for the reader. */
export async function ask(path, body = null, signal = undefined) {
  const key = question(path, body);
  if (given.has(key)) return given.get(key);
  const sent = body === null ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await received(path, { ...sent, signal });
  if (body !== null) remember(key, answer);
  return answer;
}

/** The answer to an uploaded file, cached under the name `key`. */
export async function send(path, file, name, signal = undefined) {
  if (given.has(name)) return given.get(name);
  const answer = await received(path, { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file, signal });
  remember(name, answer);
  return answer;
}

async function received(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The page's server does not answer: is it still running?");
  }
  const answer = await response.json().catch(() => ({ error: `The server answered with status ${response.status}.` }));
  if (response.ok) return answer;
  const wrong = new Error(answer.error ?? `The server answered with status ${response.status}.`);
  if (response.status === 503) wrong.later = Number(response.headers.get("retry-after")) || 0;
  throw wrong;
}

/**
 * The answer to a question that the server may postpone: it is asked again when the server says, with the reason given to `hear`,
 * until `left()` is true. Throws what `question()` throws.
 */
export async function patiently(question, hear, left) {
  for (;;) {
    try {
      return await question();
    } catch (error) {
      if (!error.later || left()) throw error;
      hear(error.message);
      await new Promise((wake) => { setTimeout(wake, 1000 * error.later); });
      if (left()) throw error;
    }
  }
}

/** Keeps answers for a while, so that going back asks nothing again. */
function remember(key, answer) {
  given.delete(key);
  given.set(key, answer);
  if (given.size > 48) given.delete(given.keys().next().value);
}
