// What a classifier answers about a picture: its classes, and where it looked in every view, as page/images.py has it.
// L layers, H heads, T tokens: those before the patches, then P patches; V views.

import { add, concat, each, mean, mixed, softmax } from "./arrays.js";

export class Classifier {
  /** `described`: what is fixed of a run. */
  constructor(model, described) {
    this.model = model;
    this.described = described;
  }

  /** The answer about a square of bytes (size, size, 3). */
  look(bytes) {
    const { size, mean: means, std, prefix, views, classes, layers, heads, grid } = this.described;
    const x = Array.from({ length: size * size }, (_, i) => Float32Array.from(means, (m, c) => bytes[3 * i + c] / (255 * std[c]) - m / std[c]));
    const { logits, maps } = this.model.look({ x, height: size, width: size });
    const patches = (row) => row.subarray(prefix);
    const rows = maps.flatMap((A) => A.flatMap((head) => head.map(patches)));
    return {
      logits,
      probabilities: [...softmax(logits)],
      maps: concat(...views.map((view) => normalised(patches(mapOf(view, maps))))),
      rows: { layers, heads, tokens: prefix + grid[0] * grid[1], values: concat(...rows) },
      classes,
    };
  }
}

/** The row (T) of the class token in a view, "cls L2 Hmean" or "rollout", of maps (L, H, T, T). */
function mapOf(view, maps) {
  if (view === "rollout") return rollout(maps.map((A) => A[0].map((_, t) => mean(A.map((head) => head[t])))));
  const [, layer, head] = /^cls L(\w+) H(\w+)$/.exec(view);
  const one = (part, all) => (part === "mean" ? all : [all[Number(part) - 1]]);
  return mean(one(layer, maps).flatMap((A) => one(head, A).map((rows) => rows[0])));
}

/** The class token's row of A_L ... A_1, where A = (weights + I) with rows rescaled to sum 1: Abnar and Zuidema (2020). */
function rollout(layers) {
  let row = Float32Array.from(layers[0], (_, t) => Number(t === 0));
  for (const weights of layers.toReversed()) {
    const share = each((r, total) => r / (total + 1), row, Float32Array.from(weights, (w) => w.reduce((a, b) => a + b, 0)));
    row = add(mixed(share, weights), share);
  }
  return row;
}

/** Rescaled to sum 1; uniform where all values are 0. */
function normalised(values) {
  const total = values.reduce((a, b) => a + b, 0);
  return each((value) => (total > 0 ? value / total : 1 / values.length), values);
}
