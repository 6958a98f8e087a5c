// The heat map: source words across, target words down, as in Figure 3 of Bahdanau et al. (2014). </s> stands apart, with
// the weight of each target word on it in percent.

import { largest } from "./aligned.js";
import { shape, widthOf } from "./dom.js";
import { FAMILY } from "./inks.js";
import { captions, sheet } from "./paper.js";

const APART = 0.3; // distance of </s> from the words, in cells
const THIN = 0.78; // breadth of </s>, in cells
const LEAN = 55; // degrees
const UPRIGHT = 20; // pixels of a cell below which headings stand upright
const SMALLEST = 13;
const LONGEST = 26; // letters of a word that are shown

/** Where words lie along one axis, in pixels: start and size of each, and the whole length. */
function ruler(count, ends, cell) {
  const at = (i) => (ends && i === count - 1 ? (i + APART) * cell : i * cell);
  const size = (i) => (ends && i === count - 1 ? THIN * cell : cell);
  return { at, size, middle: (i) => at(i) + size(i) / 2, length: at(count - 1) + size(count - 1), words: ends ? count - 1 : count };
}

export function cut(word) {
  return word.length <= LONGEST ? word : `${word.slice(0, LONGEST - 1)}…`;
}

/**
 * {node, light(row, column), at(x, y)} for a record of aligned.js: an SVG picture, as wide as given if its cells are then large
 * enough. With `titles`, for a file, it has a title, view and numbers of its own.
 */
export function drawMatrix(record, colours, { width, gold = true, titles = null }) {
  const { source, target, weights } = record;
  const sizeOf = (cell) => Math.max(11, Math.min(13.5, cell * 0.5));
  const labelWidth = (words, size) => Math.max(...words.map((word) => widthOf(cut(word), size, FAMILY, 700))); // as wide as when they are lit
  const leftOf = (size, least) => Math.ceil(Math.max(labelWidth(target, size) + 12, least));
  const S = source.length - (record.sourceEnds ? 1 - APART - THIN : 0);
  const slope = Math.cos((LEAN * Math.PI) / 180);
  const overhang = slope * widthOf(cut(source.at(-1)), 13, FAMILY, 700) + 12;
  const roomy = (width - leftOf(13, 84) - overhang) / S;
  const upright = roomy < UPRIGHT;
  const left = upright ? leftOf(11, 62) : leftOf(13, 84);
  const cell = upright ? Math.max(SMALLEST, Math.min(UPRIGHT, (width - left - 12) / S)) : Math.min(34, roomy);
  const size = sizeOf(cell);
  const across = ruler(source.length, record.sourceEnds, cell);
  const down = ruler(target.length, record.targetEnds, cell);
  const headings = source.map((word, s) => (record.sourceEnds && s === source.length - 1 ? `${word} %` : cut(word)));
  const tall = labelWidth(headings, size);
  const words = Math.max(30, upright ? tall + 10 : Math.sin((LEAN * Math.PI) / 180) * tall + size * 0.6 + 8);
  const heading = titles ? 20 + 16 * titles.lines.length : 0;
  const top = Math.ceil(heading + words);
  const foot = titles ? 16 * titles.notes.length + 10 : 2;
  const reach = headings.map((word, s) => across.middle(s) + (upright ? size * 0.6 : slope * widthOf(word, size, FAMILY, 700)) + 6);
  const most = Math.max(left + Math.max(across.length + 2, ...reach), titles ? titles.width : 0);
  const W = Math.ceil(most);
  const H = Math.ceil(top + down.length + foot);

  const node = sheet(W, H, colours);
  if (titles) node.append(...captions(titles, colours, top + down.length + 20));

  const field = shape("g", { transform: `translate(${left} ${top})` });
  const rowLabels = target.map((word, t) => shape("text", { x: -7, y: down.middle(t), "text-anchor": "end", "dominant-baseline": "central", "font-size": size, fill: record.targetEnds && t === target.length - 1 ? colours.quiet : colours.ink, "font-style": record.unknown.target.includes(t) ? "italic" : null }, cut(word)));
  const columnLabels = headings.map((word, s) => shape("text", { transform: `translate(${across.middle(s) + (upright ? 0 : size * 0.2)} -7) rotate(${upright ? -90 : -LEAN})`, "dominant-baseline": upright ? "central" : null, "font-size": size, fill: record.sourceEnds && s === source.length - 1 ? colours.quiet : colours.ink, "font-style": record.unknown.source.includes(s) ? "italic" : null }, word));
  const corner = ["source →", record.forced ? "target ↓" : "its output ↓"].map((text, i) => shape("text", { x: -7, y: -20 + 13 * i, "text-anchor": "end", "font-size": 10.5, "font-style": "italic", fill: colours.quiet }, text));

  const cells = shape("g", { "shape-rendering": "crispEdges" });
  weights.forEach((row, t) => row.forEach((w, s) => {
    if (w >= 0.004) cells.append(shape("rect", { x: across.at(s), y: down.at(t), width: across.size(s), height: down.size(t), fill: colours.weight(w) }));
  }));
  const spans = (r, count) => [[0, r.at(r.words - 1) + r.size(r.words - 1), r.words], ...(r.words < count ? [[r.at(count - 1), r.length, 1]] : [])].filter(([, , n]) => n > 0);
  const grid = shape("g", { fill: "none", "shape-rendering": "crispEdges" });
  for (const [y0, y1, rows] of spans(down, target.length)) {
    for (const [x0, x1, columns] of spans(across, source.length)) {
      let lines = "";
      for (let i = 1; i < columns; i++) lines += `M${x0 + i * cell} ${y0}V${y1}`;
      for (let i = 1; i < rows; i++) lines += `M${x0} ${y0 + i * cell}H${x1}`;
      if (lines) grid.append(shape("path", { d: lines, stroke: colours.faint, "stroke-width": 1 }));
      grid.append(shape("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, stroke: colours.quiet, "stroke-width": 1 }));
    }
  }
  field.append(cells, grid);
  if (record.sourceEnds) field.append(endShares(record, across, down, cell, colours));
  if (gold && record.gold) field.append(goldMarks(record, across, down, cell, colours));
  const cursor = shape("g", { fill: "none", stroke: colours.cursor, "pointer-events": "none" });
  field.append(cursor, ...rowLabels, ...columnLabels, ...corner);
  node.append(field);

  return {
    node,
    light: (row, column) => {
      cursor.replaceChildren();
      if (row !== null) cursor.append(shape("rect", { x: -1, y: down.at(row), width: across.length + 2, height: down.size(row), "stroke-width": 1.5 }));
      if (column !== null) cursor.append(shape("rect", { x: across.at(column), y: -1, width: across.size(column), height: down.length + 2, "stroke-width": 1.5 }));
      rowLabels.forEach((label, t) => label.setAttribute("font-weight", t === row ? 700 : 400));
      columnLabels.forEach((label, s) => label.setAttribute("font-weight", s === column ? 700 : 400));
    },
    at: (x, y) => {
      const lean = y < top && !upright ? (top - 7 - y) / Math.tan((LEAN * Math.PI) / 180) : 0; // a heading lies to the right of its column
      return { row: place(y - top, down, target.length), column: x < left ? null : place(x - lean - left, across, source.length) };
    },
  };
}

/** The word at a distance along a ruler, null beside it. */
function place(distance, r, count) {
  for (let i = 0; i < count; i++) if (distance >= r.at(i) && distance < r.at(i) + r.size(i)) return i;
  return null;
}

function endShares(record, across, down, cell, colours) {
  const s = record.source.length - 1;
  const texts = record.weights.map((row, t) => [t, row[s]]).filter(([, w]) => w >= 0.005);
  return shape("g", { "font-size": Math.max(8, Math.min(10, cell * 0.38)), "text-anchor": "middle" }, texts.map(([t, w]) =>
    shape("text", { x: across.middle(s), y: down.middle(t), "dominant-baseline": "central", fill: colours.onWeight(w) }, Math.round(100 * w))));
}

/** Sure links in solid boxes, possible ones in dashed boxes; the largest weight of a row is a dot on gold, else a cross. */
function goldMarks(record, across, down, cell, colours) {
  const marks = shape("g", { fill: "none", "pointer-events": "none" });
  const inset = cell * 0.09;
  for (const [t, s, kind] of record.gold.links) {
    const box = { x: across.at(s) + inset, y: down.at(t) + inset, width: cell - 2 * inset, height: cell - 2 * inset, rx: 1.5 };
    const thick = kind === "sure" ? Math.max(1.6, cell * 0.075) : Math.max(1.1, cell * 0.045);
    marks.append(shape("rect", { ...box, stroke: colours.paper, "stroke-width": thick + 1.6 }));
    marks.append(shape("rect", { ...box, stroke: colours.gold, "stroke-width": thick, "stroke-dasharray": kind === "sure" ? null : `${cell * 0.14} ${cell * 0.1}` }));
  }
  for (const [t, s] of largest(record)) {
    const [x, y, r] = [across.middle(s), down.middle(t), cell * 0.12];
    if (record.gold.of(t, s)) marks.append(shape("circle", { cx: x, cy: y, r, fill: colours.dot, stroke: colours.edge, "stroke-width": 0.8 }));
    else {
      const cross = `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`;
      const thick = Math.max(1.2, cell * 0.055);
      marks.append(shape("path", { d: cross, stroke: colours.paper, "stroke-width": 2.4 * thick, "stroke-linecap": "round" }));
      marks.append(shape("path", { d: cross, stroke: colours.ink, "stroke-width": thick, "stroke-linecap": "round" }));
    }
  }
  return marks;
}
