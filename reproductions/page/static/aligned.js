// One answer about a sentence: its words, and for each view a matrix with rows for the target, columns for the source.

import { printedWords } from "./french.js";

const END = "</s>";

/** Whether an answer has a view, or none is asked for. */
export function hasView(answer, view) {
  return !view || answer.views.includes(view);
}

/** The record of an answer in the view of this name, or else in the view that validation chose, for a picture; its words as printed. */
export function aligned(answer, view, [language, other] = []) {
  const T = answer.target.length;
  const S = answer.source.length;
  const number = Math.max(answer.views.includes(view) ? answer.views.indexOf(view) : answer.views.indexOf(answer.chosen), 0);
  const row = (t) => answer.weights.subarray((number * T + t) * S, (number * T + t + 1) * S);
  return {
    source: printedWords(answer.source, language),
    target: printedWords(answer.target, other),
    weights: Array.from({ length: T }, (_, t) => row(t)),
    gold: goldOf(answer.gold),
    unknown: answer.unknown,
    probabilities: answer.probabilities,
    model: answer.model,
    forced: answer.forced,
    score: answer.score,
    view: answer.views[number],
    described: answer.described[number],
    numbers: answer.numbers[number],
    sourceEnds: answer.source.at(-1) === END,
    targetEnds: answer.target.at(-1) === END,
  };
}

/** A record of English and French as the project stores it, for a picture. */
export function recorded(fields) {
  return {
    ...fields,
    source: printedWords(fields.source, "en"),
    target: printedWords(fields.target, "fr"),
    gold: goldOf(fields.gold),
    unknown: { source: [], target: [] },
    probabilities: null,
    sourceEnds: fields.source.at(-1) === END,
    targetEnds: fields.target.at(-1) === END,
  };
}

function goldOf(gold) {
  if (!gold) return null;
  const kinds = new Map(); // every sure link is possible too
  for (const kind of ["possible", "sure"]) for (const [t, s] of gold[kind]) kinds.set(`${t} ${s}`, kind);
  return { of: (t, s) => kinds.get(`${t} ${s}`) ?? null, links: [...kinds].map(([link, kind]) => [...link.split(" ").map(Number), kind]) };
}

/** [t, s] of the largest weight of each target word, without words that look at </s> or nowhere. */
export function largest(record) {
  const rows = record.weights.slice(0, record.targetEnds ? -1 : undefined);
  return rows.map((row, t) => [t, row.indexOf(Math.max(...row))]).filter(([t, s]) => record.weights[t][s] > 0 && !(record.sourceEnds && s === record.source.length - 1));
}

/** A view by its parts, as the project writes it. */
export function viewName({ layer, head, shift, norms }) {
  return `L${layer} H${head} shift${shift}${norms ? " norms" : ""}`;
}

/** The parts of a view. */
export function viewParts(name) {
  const [, layer, head, shift, norms] = /^L(mean|\d+) H(mean|\d+) shift(0|1)( norms)?$/.exec(name) ?? [];
  return { layer, head, shift, norms: Boolean(norms) };
}

/** The cell under the pointer, in words. */
export function said(record, row, column) {
  const percent = (w) => `${(100 * w).toFixed(w < 0.0995 ? 1 : 0)} %`;
  if (row !== null && column !== null) {
    const kind = record.gold?.of(row, column);
    const known = record.gold ? ` · ${kind ? `${kind} link` : "no gold link"}` : "";
    return `${record.target[row]} ← ${record.source[column]}: ${percent(record.weights[row][column])}${known}`;
  }
  const best = (weights, words) => [...weights.keys()].sort((a, b) => weights[b] - weights[a]).slice(0, 3).map((i) => `${words[i]} ${percent(weights[i])}`).join(" · ");
  if (row !== null) {
    const sure = record.probabilities ? ` · the model gives this word ${percent(record.probabilities[row])}` : "";
    return `${record.target[row]} ← ${best(Array.from(record.weights[row]), record.source)}${sure}`;
  }
  if (column !== null) return `${record.source[column]} → ${best(record.weights.map((weights) => weights[column]), record.target)}`;
  return "";
}

/** The record of an answer as the project stores it, one line of its JSON. */
export function toJson(record, { source, target, gold }) {
  const weights = record.weights.map((row) => Array.from(row, (w) => Number(w.toPrecision(5))));
  return {
    kind: "aligned translation",
    source,
    target,
    weights,
    model: record.model,
    view: record.described,
    forced: record.forced || gold !== null,
    split: "page",
    index: 0,
    reference: null,
    gold,
    score: record.score,
  };
}
