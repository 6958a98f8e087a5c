// The parts of a picture in a file: sheet, title, lines, notes.

import { shape, widthOf } from "./dom.js";
import { FAMILY } from "./inks.js";

/** An empty picture of that size. */
export function sheet(width, height, colours) {
  const node = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FAMILY, class: "picture" });
  node.append(shape("rect", { width, height, fill: colours.paper }));
  return node;
}

/** Title, lines below it, and notes under the picture. */
export function captions(titles, colours, below) {
  const line = (text, y, size, fill, weight) => shape("text", { x: 2, y, "font-size": size, fill, "font-weight": weight ?? null }, text);
  return [
    line(titles.title, 16, 14, colours.ink, 700),
    ...titles.lines.map((text, i) => line(text, 34 + 16 * i, 11.5, colours.quiet)),
    ...titles.notes.map((text, i) => line(text, below + 16 * i, 10.5, colours.quiet)),
  ];
}

/** A text in lines that are at most so many pixels wide. */
export function wrapped(text, width, size = 11.5) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (lines.at(-1) && widthOf(longer, size, FAMILY) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
