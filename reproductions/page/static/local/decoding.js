// Beam search over one step protocol, and a target that is forced; both return the attention of every step.
//
// A model has `limit(S)`, `encode(source)`, `step(memory, state, previous)` and `head(features)`, as in decoding.py. L layers, H heads.

import { logSoftmax } from "./arrays.js";

/** ((5 + length) / 6) ** alpha: Wu et al. (2016), equation (14). */
function penalty(length, alpha) {
  return ((5 + length) / 6) ** alpha;
}

/** The `count` largest entries: [value, place], largest first. */
function best(x, count) {
  const found = [];
  x.forEach((value, place) => {
    if (found.length === count && value <= found.at(-1)[0]) return;
    const rank = found.findIndex(([other]) => other < value);
    found.splice(rank < 0 ? found.length : rank, 0, [value, place]);
    if (found.length > count) found.pop();
  });
  return found;
}

/** The hypotheses that continue one by its most probable words. */
function continued(model, memory, { ids, score, maps, state }, count) {
  const { features, weights, state: next } = model.step(memory, state, ids.at(-1) ?? null);
  return best(logSoftmax(model.head(features)), count).map(([log_p, word]) => ({ ids: [...ids, word], score: score + log_p, maps: [...maps, weights], state: next }));
}

/**
 * The best translation of a sentence that a beam of `width` hypotheses finds, by log-probability / length penalty; a width of 1 is
 * greedy search. {ids, score: its log-probability, maps: weights (L, H, S) of each step, memory}
 */
export function beam(model, source, eos, { width, alpha }) {
  const limit = model.limit(source.length);
  const { memory, state } = model.encode(source);
  let open = [{ ids: [], score: 0, maps: [], state }];
  const ended = [];
  for (let length = 1; open.length; length++) {
    // Twice the width: even if `width` candidates end here, as many stay open.
    const all = open.flatMap((hypothesis) => continued(model, memory, hypothesis, 2 * width));
    const candidates = all.sort((a, b) => b.score - a.score).slice(0, 2 * width);
    const stops = ({ ids }) => ids.at(-1) === eos;
    // Only a hypothesis that would have stayed in the beam may end.
    for (const one of candidates.slice(0, width)) if (stops(one) || length >= limit) ended.push({ ...one, ranked: one.score / penalty(length, alpha) });
    open = candidates.filter((one) => !stops(one)).slice(0, width);
    const bound = open[0].score / penalty(limit, alpha);
    if (length >= limit || ended.length >= width || ended.some(({ ranked }) => ranked >= bound)) break;
  }
  const { ids, score, maps } = ended.reduce((a, b) => (b.ranked > a.ranked ? b : a));
  return { ids, score, maps, memory };
}

/** The attention while a model is made to write a target: {maps, nll: -log p of each word, memory}. */
export function force(model, source, target) {
  const { memory, state: start } = model.encode(source);
  const [maps, nll] = [[], []];
  let state = start;
  target.forEach((word, i) => {
    const { features, weights, state: next } = model.step(memory, state, i ? target[i - 1] : null);
    nll.push(-logSoftmax(model.head(features))[word]);
    maps.push(weights);
    state = next;
  });
  return { maps, nll, memory };
}
