// The whole timeline as a picture for a file: every kind in order of year, with its formula and its scores.

import { decimal, percent, shape } from "./dom.js";
import { recorded } from "./aligned.js";
import { legendNotes } from "./legend.js";
import { drawMatrix } from "./matrix.js";
import { captions, sheet, wrapped } from "./paper.js";

const WIDTH = 380; // pixels of a card
const ACROSS = 3;
const BETWEEN = 24;

export function titleOf(row) {
  return row.name.replaceAll("_", " ");
}

/** The scores of a kind, in short. */
export function measuredOf(row) {
  return `BLEU ${decimal(row.bleu, 1)} · AER ${percent(row.aer)}`;
}

/** The training that all kinds share, in a sentence. */
export function sharedBy(table) {
  const seeds = table.seeds.length;
  return `RNNsearch on ${table.corpus}: ${table.steps} steps, ${seeds} ${seeds === 1 ? "seed" : "seeds"} each.`;
}

/** The table of timeline.json, drawn. */
export function drawTimeline(table, colours) {
  const cards = table.rows.map((row) => cardOf(row, colours));
  const rows = Array.from({ length: Math.ceil(cards.length / ACROSS) }, (_, r) => cards.slice(r * ACROSS, (r + 1) * ACROSS));
  const heights = rows.map((row) => Math.max(...row.map((card) => card.height)));
  const width = ACROSS * WIDTH + (ACROSS - 1) * BETWEEN;
  const titles = { title: "One sentence under every attention", lines: [`“${table.sentence}”`, sharedBy(table)], notes: legendNotes("map", true) };
  const top = 80;
  const foot = top + heights.reduce((sum, height) => sum + height + BETWEEN, 0);
  const node = sheet(width, foot + 16, colours);
  node.append(...captions(titles, colours, foot));
  rows.forEach((row, r) => row.forEach((card, c) => {
    const y = top + heights.slice(0, r).reduce((sum, height) => sum + height + BETWEEN, 0);
    card.node.setAttribute("transform", `translate(${c * (WIDTH + BETWEEN)} ${y})`);
    node.append(card.node);
  }));
  return node;
}

function cardOf(row, colours) {
  const title = `${row.year} · ${titleOf(row)} · ${row.paper}`;
  const lines = wrapped(row.over_source ? row.formula : row.says, WIDTH - 10);
  const titles = { title, lines: row.over_source ? [...lines, measuredOf(row)] : lines, notes: [] };
  const node = shape("g", {}, captions(titles, colours, 0));
  const head = 30 + 16 * titles.lines.length;
  if (!row.over_source) return { node, height: head };
  const drawn = drawMatrix(recorded(row.record), colours, { width: WIDTH }).node;
  drawn.setAttribute("y", head);
  node.append(drawn);
  return { node, height: head + Number(drawn.getAttribute("height")) };
}
