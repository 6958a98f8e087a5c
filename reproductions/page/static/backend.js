// What the page asks: of its server, or, where there is none, of models in the browser. Both back ends have these functions:
//
//   overview()             what the page starts with: runs, sentences, limits
//   align(question)        {run, text, target}: a translator's attention over a target, over its own translation for null
//   look(question, file)   {run, scene, picture, speaks}: where a classifier looked, in a scene or in a file called `picture`
//   gallery(question)      {run}: the scenes on offer
//   timeline(question)     {made}: the kinds of attention
//
// They throw an Error with a sentence for the reader. While much is fetched, the window hears "fetching" with what to say.

/** Whether the page has no server. */
export const alone = document.documentElement.dataset.backend === "local";

const backend = await import(alone ? "./local/site.js" : "./server.js");
const given = new Map();

export const overview = () => backend.overview();
export const align = (question) => remembered("align", question);
export const look = (question, file = null) => remembered("look", question, file);
export const gallery = (question) => remembered("gallery", question);
export const timeline = (question) => remembered("timeline", question);

/** The answer, kept for a while, so that going back asks nothing again. */
async function remembered(asks, question, file) {
  const key = `${asks} ${JSON.stringify(question)}`;
  const answer = given.get(key) ?? await backend[asks](question, file);
  given.delete(key);
  given.set(key, answer);
  if (given.size > 48) given.delete(given.keys().next().value);
  return answer;
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
