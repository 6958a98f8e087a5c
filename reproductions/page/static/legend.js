// What the marks of a drawing mean, beside it on the page and under it on paper; each kind of drawing has its own.

import { element } from "./dom.js";

const MARKS = {
  map: { plain: [["ramp", "weight 0 to 1"]], gold: [["sure", "sure link"], ["possible", "possible"], ["hit", "largest weight, on a link"], ["miss", "elsewhere"]] },
  links: { plain: [["threads", "the thicker, the more weight; below 4 % none"]], gold: [["sureline", "sure link"], ["possibleline", "possible"]] },
};
const NOTES = {
  map: "solid box: sure link · dashed: possible · dot: largest weight on a link · cross: elsewhere",
  links: "solid orange line: sure link · dashed: possible",
};

/** For a heat map ("map") or "links"; what concerns gold links is of the class ofgold. */
export function legend(kind) {
  const entry = (gold) => ([mark, text]) => element("span", { class: gold ? "entry ofgold" : "entry" }, element("i", { class: `mark ${mark}` }), text);
  return element("span", { class: "legend" }, MARKS[kind].plain.map(entry(false)), MARKS[kind].gold.map(entry(true)));
}

/** The same as a note under a picture. */
export function legendNotes(kind, gold) {
  return [...(kind === "links" ? ["the thicker a line, the more weight; below 4 % none"] : []), ...(gold ? [NOTES[kind]] : [])];
}
