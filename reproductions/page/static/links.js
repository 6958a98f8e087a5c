// The same weights as lines: source words on the left, target words on the right, a line as thick as its weight.

import { shape, widthOf } from "./dom.js";
import { FAMILY } from "./inks.js";
import { cut } from "./matrix.js";
import { captions, sheet } from "./paper.js";

const LINE = 25; // pixels from word to word
const FAINTEST = 0.04; // weights below are not drawn
const BAND = 0.4; // how opaque a gold link is
const NEAR = 8; // pixels from a line that are still its own

/** As drawMatrix. */
export function drawLinks(record, colours, { width, gold = true, titles = null }) {
  const { source, target, weights } = record;
  const size = 13.5;
  const widest = (words) => Math.ceil(Math.max(...words.map((word) => widthOf(cut(word), size, FAMILY, 700)))) + 14;
  const left = Math.max(widest(source), 70);
  const right = Math.max(widest(target), 70);
  const gap = Math.max(90, Math.min(300, width - left - right));
  const top = 26 + (titles ? 20 + 16 * titles.lines.length : 0);
  const W = Math.max(left + gap + right, titles ? titles.width : 0);
  const body = LINE * Math.max(source.length, target.length) + 8;
  const H = Math.ceil(top + body + (titles ? 16 * titles.notes.length + 10 : 2));
  const offset = (words) => (LINE * (Math.max(source.length, target.length) - words.length)) / 2;
  const isEnd = (words, i, ends) => ends && i === words.length - 1;
  const y = (words, i, ends) => top + offset(words) + LINE * (i + 0.5) + (isEnd(words, i, ends) ? 6 : 0);
  const [x0, x1] = [left, left + gap];

  const node = sheet(W, H, colours);
  if (titles) node.append(...captions(titles, colours, top + body + 14));
  const path = (t, s) => {
    const [from, to] = [y(source, s, record.sourceEnds), y(target, t, record.targetEnds)];
    return `M${x0} ${from}C${x0 + gap * 0.45} ${from} ${x1 - gap * 0.45} ${to} ${x1} ${to}`;
  };
  const lines = [];
  const threads = shape("g", { fill: "none", "stroke-linecap": "round" });
  weights.forEach((row, t) => row.forEach((w, s) => {
    if (w < FAINTEST) return;
    const ends = isEnd(source, s, record.sourceEnds) || isEnd(target, t, record.targetEnds);
    const line = shape("path", { d: path(t, s), stroke: ends ? colours.quiet : colours.ramp[Math.round(colours.ramp.length * 0.72)], "stroke-width": 0.6 + 6 * w, "stroke-opacity": 0.18 + 0.75 * w });
    lines.push({ t, s, w, line, opacity: 0.18 + 0.75 * w });
    threads.append(line);
  }));
  // Gold lies beneath as a broad band, so that the weight on a link is seen on it.
  const bands = (gold && record.gold ? record.gold.links : []).map(([t, s, kind]) => ({ t, s, line: shape("path", { d: path(t, s), stroke: colours.gold, "stroke-width": 9, "stroke-opacity": BAND, "stroke-dasharray": kind === "sure" ? null : "5 4" }) }));
  const beneath = shape("g", { fill: "none" }, bands.map(({ line }) => line));
  const label = (words, i, x, anchor, ends, unknown) => shape("text", { x, y: y(words, i, ends), "text-anchor": anchor, "dominant-baseline": "central", "font-size": size, fill: isEnd(words, i, ends) ? colours.quiet : colours.ink, "font-style": unknown.includes(i) ? "italic" : null }, cut(words[i]));
  const sources = source.map((_, s) => label(source, s, x0 - 8, "end", record.sourceEnds, record.unknown.source));
  const targets = target.map((_, t) => label(target, t, x1 + 8, "start", record.targetEnds, record.unknown.target));
  const corner = [["source", x0 - 8, "end"], [record.forced ? "target" : "its output", x1 + 8, "start"]].map(([text, x, anchor]) => shape("text", { x, y: top - 10, "text-anchor": anchor, "font-size": 10.5, "font-style": "italic", fill: colours.quiet }, text));
  node.append(beneath, threads, ...sources, ...targets, ...corner);

  const nearest = (words, ends, height) => {
    const found = words.findIndex((_, i) => Math.abs(y(words, i, ends) - height) <= LINE / 2);
    return found < 0 ? null : found;
  };
  /** The line at a place, the nearest of several, counting the breadth of heavy ones. */
  const threadAt = (x, height) => {
    const part = alongAt((x - x0) / gap);
    const distance = ({ t, s, w }) => Math.abs(y(source, s, record.sourceEnds) * (1 - part) + y(target, t, record.targetEnds) * part - height) - 3 * w;
    const near = lines.map((one) => ({ ...one, distance: distance(one) })).filter((one) => one.distance < NEAR);
    return near.reduce((best, one) => (best && best.distance <= one.distance ? best : one), null);
  };
  return {
    node,
    light: (row, column) => {
      const lit = ({ t, s }) => (row === null || t === row) && (column === null || s === column);
      for (const one of lines) one.line.setAttribute("stroke-opacity", row === null && column === null ? one.opacity : lit(one) ? Math.max(one.opacity, 0.6) : 0.05);
      for (const one of bands) one.line.setAttribute("stroke-opacity", lit(one) ? BAND : 0.08);
      targets.forEach((text, t) => text.setAttribute("font-weight", t === row ? 700 : 400));
      sources.forEach((text, s) => text.setAttribute("font-weight", s === column ? 700 : 400));
    },
    at: (x, height) => {
      if (x < x0) return { row: null, column: nearest(source, record.sourceEnds, height) };
      if (x > x1) return { row: nearest(target, record.targetEnds, height), column: null };
      const thread = threadAt(x, height);
      return { row: thread?.t ?? null, column: thread?.s ?? null };
    },
  };
}

/** The height of a line, from 0 to 1, at a part of its way across: the inverse of its curve, by bisection. */
function alongAt(across) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 20; i++) {
    const u = (low + high) / 2;
    if (3 * (1 - u) ** 2 * u * 0.45 + 3 * (1 - u) * u ** 2 * 0.55 + u ** 3 < across) low = u;
    else high = u;
  }
  return 3 * (1 - low) * low ** 2 + low ** 3;
}
