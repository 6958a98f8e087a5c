// The legend of each kind of drawing, beside it on the page and under it in a file.

import { element } from "./dom.js";

const MARKS = {
  map: { plain: [["ramp", "weight 0 to 1"]], gold: [["sure", "sure link"], ["possible", "possible"], ["hit", "largest weight, on it"], ["miss", "elsewhere"]] },
  links: { plain: [["threads", "the thicker, the more weight; below 4 % none"]], gold: [["sureline", "sure link"], ["possibleline", "possible"]] },
  look: { plain: [["held", "the brightest patches, 60 % of the map"]], gold: [["object", "the object"]] },
};
const NOTES = {
  map: "solid box: sure link · dashed: possible · dot: largest weight on a link · cross: elsewhere",
  links: "solid orange band: sure link · dashed: possible",
};

/** The legend of a heat map ("map"), of "links" or of a picture ("look"); entries about gold links have the class ofgold. */
export function legend(kind) {
  const entry = (gold) => ([mark, text]) => element("span", { class: gold ? "entry ofgold" : "entry" }, element("i", { class: `mark ${mark}` }), text);
  return element("span", { class: "legend" }, MARKS[kind].plain.map(entry(false)), MARKS[kind].gold.map(entry(true)));
}

/** The legend as notes under a picture. */
export function legendNotes(kind, gold) {
  return [...(kind === "links" ? ["the thicker a line, the more weight; below 4 % none"] : []), ...(gold ? [NOTES[kind]] : [])];
}
