// One of the five steps as a picture for a file: its matrices side by side, the followed row between two lines.

import { decimal, shape, widthOf } from "./dom.js";
import { FAMILY } from "./inks.js";
import { captions, sheet, wrapped } from "./paper.js";

const CELL = { width: 50, height: 25 };
const TEXT = 12.5;
const BESIDE = 22; // pixels between what stands side by side
const HEAD = 40; // pixels of a matrix's title and column names

const cellsWide = (count) => count * CELL.width;

/** `stage` of stage.js, `all` that is given and computed, `titles` {title, lines}: long lines are broken. */
export function drawStage(stage, all, { title, lines }, colours) {
  const left = Math.ceil(Math.max(...all.words.map((word) => widthOf(word, TEXT, FAMILY, 700)))) + 8;
  const widthOfPart = (part) => (typeof part === "string" ? Math.ceil(widthOf(part, 15, FAMILY)) : Math.max(left + cellsWide(part.columns.length), Math.ceil(widthOf(part.title, TEXT, FAMILY, 700))));
  const width = Math.max(stage.reduce((sum, part) => sum + widthOfPart(part) + BESIDE, 0), 480);
  const titles = { title, lines: lines.flatMap((line) => wrapped(line, width - 8)), notes: [] };
  const top = 36 + 16 * titles.lines.length;
  const height = top + HEAD + all.words.length * CELL.height + 8;
  const node = sheet(width, height, colours);
  node.append(...captions(titles, colours, 0));
  let x = 2;
  for (const part of stage) {
    const middle = top + HEAD + (all.words.length * CELL.height) / 2;
    if (typeof part === "string") node.append(shape("text", { x, y: middle, "font-size": 15, fill: colours.quiet, "dominant-baseline": "central" }, part));
    else node.append(drawTable(part, all, left, colours, `translate(${x} ${top})`));
    x += widthOfPart(part) + BESIDE;
  }
  return node;
}

function drawTable(matrix, all, left, colours, transform) {
  const values = matrix.of(all);
  const most = Math.max(1e-9, ...values.flat().map(Math.abs));
  const text = (said, x, y, attributes = {}) => shape("text", { x, y, "font-size": TEXT, fill: colours.ink, "dominant-baseline": "central", ...attributes }, said);
  const cell = (x, i, j) => {
    const hidden = matrix.masked && !all.mask[i][j];
    const place = { x: left + j * CELL.width + 1, y: HEAD + i * CELL.height + 1, width: CELL.width - 2, height: CELL.height - 2, rx: 3 };
    const ground = matrix.weights ? { fill: colours.weight(x) } : hidden ? { fill: colours.faint } : { fill: x < 0 ? colours.gold : colours.ramp[Math.round(colours.ramp.length * 0.72)], "fill-opacity": 0.07 + (0.42 * Math.abs(x)) / most };
    const ink = matrix.weights ? colours.onWeight(x) : hidden ? colours.quiet : colours.ink;
    return [shape("rect", { ...place, ...ground }), text(hidden ? "−∞" : decimal(x, 2), place.x + place.width / 2, place.y + place.height / 2, { "text-anchor": "middle", fill: ink })];
  };
  const narrow = (word) => { // a column's name, no wider than its cells
    let kept = word;
    while (kept.length > 1 && widthOf(kept, 10.5, FAMILY) > CELL.width) kept = `${kept.slice(0, -2)}…`;
    return kept;
  };
  const edge = (i) => shape("path", { d: `M${left} ${HEAD + i * CELL.height}h${cellsWide(matrix.columns.length)}`, stroke: colours.ink, "stroke-width": 1.5 });
  return shape("g", { transform },
    text(matrix.title, 0, 8, { "font-weight": 700 }),
    matrix.columns.map((word, j) => text(narrow(word), left + (j + 0.5) * CELL.width, HEAD - 9, { "text-anchor": "middle", "font-size": 10.5, fill: colours.quiet })),
    all.words.map((word, i) => text(word, left - 6, HEAD + (i + 0.5) * CELL.height, { "text-anchor": "end", "font-weight": matrix.follow && i === all.row ? 700 : null })),
    values.flatMap((line, i) => line.flatMap((x, j) => cell(x, i, j))),
    matrix.follow ? [edge(all.row), edge(all.row + 1)] : []);
}
