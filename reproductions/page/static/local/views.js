// A view makes one matrix (T, S) of a translator's maps, and numbers say how it behaves: as evaluation/views/alignment.py and
// evaluation/measures have it. Maps are weights (L, H, S) of each of T steps; L layers, H heads, S source positions, the last </s>.

import { dot, each, largest, mean } from "./arrays.js";

/** The layers or heads that a part of a view's name chooses, of so many. */
function chosen(part, count) {
  return part === "mean" ? [...Array(count).keys()] : [Number(part) - 1];
}

/** The rows (T, S) of a view such as "L2 Hmean shift1 norms". */
export function matrixOf(view, maps, norms) {
  const [, layer, head, shift, weighed] = /^L(\w+) H(\w+) shift([01])( norms)?$/.exec(view);
  const rows = maps.map((weights) => {
    const parts = chosen(layer, weights.length).flatMap((l) => chosen(head, weights[l].length).map((h) => (weighed ? each((w, v) => w * v, weights[l][h], norms[l][h]) : weights[l][h])));
    const row = mean(parts);
    const total = weighed ? row.reduce((a, b) => a + b, 0) || 1 : 1;
    return each((w) => Math.min(w / total, 1), row);
  });
  return shift === "1" ? [...rows.slice(1), rows.at(-1)] : rows;
}

/** Where a row is largest, the first of equal ones; -1 if that is the end of the sentence. */
function linked(row) {
  const place = row.indexOf(largest(row));
  return place === row.length - 1 ? -1 : place;
}

/** The mean, null for none, to five decimals. */
function average(values) {
  return values.length ? Number((values.reduce((a, b) => a + b, 0) / values.length).toFixed(5)) : null;
}

/** How the rows of a target's words behave, and with gold links how many links are wrong. */
export function measured(matrix, target, gold) {
  const rows = target.at(-1) === "</s>" ? matrix.slice(0, -1) : matrix;
  const places = rows.map(linked);
  return {
    entropy: average(rows.map(entropy)),
    confidence: average(rows.map(largest)),
    end_mass: average(rows.map((row) => row.at(-1))),
    monotonicity: monotonicity(places.filter((place) => place >= 0)),
    ...(gold ? { aer: errorRate(places, gold) } : {}),
  };
}

/** -sum w log w / log S: 0 sharp, 1 uniform. */
function entropy(row) {
  const sum = row.reduce((a, b) => a + b, 0);
  const weights = each((w) => w / sum, row);
  return row.length > 1 ? Math.max(0, -dot(weights, each((w) => (w > 0 ? Math.log(w) : 0), weights))) / Math.log(row.length) : 0;
}

/** (rising - falling) / (rising + falling) pairs of attended places; null where none moves. */
function monotonicity(places) {
  const steps = places.flatMap((there, t) => places.slice(0, t).map((here) => Math.sign(there - here)));
  return average(steps.filter((step) => step !== 0));
}

/** Alignment error rate: Och and Ney (2003). Possible links hold the sure ones. */
function errorRate(places, { sure, possible }) {
  const hits = (links) => links.filter(([t, s]) => places[t] === s).length;
  const links = places.filter((place) => place >= 0).length;
  return average([1 - (hits(sure) + hits(possible)) / (links + sure.length)]);
}
