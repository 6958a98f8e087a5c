// One answer about a picture: a map of where the model looked, in any view, or from any patch.

const VEIL = [0.3, 0.72]; // how far the colours of a map cover the picture, at 0 and at the highest patch
const MASS = 0.6; // of a map that its mask holds

/** Row i of a table. */
function rowOf(values, i, length) {
  return values.subarray(i * length, (i + 1) * length);
}

/**
 * The map of a view, sum 1 over the patches; the chosen view for a name that the model does not have. What is made of one class's
 * gradient says which class.
 */
export function mapOf(answer, view) {
  const name = answer.views.includes(view) ? view : answer.chosen;
  const number = Math.max(answer.views.indexOf(name), 0);
  const [gh, gw] = answer.grid;
  const described = answer.described[number] + (answer.specific[number] ? ` · for ${answer.asked}` : "");
  return { name, described, specific: answer.specific[number], numbers: answer.numbers?.[number] ?? null, values: rowOf(answer.maps, number, gh * gw) };
}

/** Where patch p looks, as the layers and heads of a view have it; sum 1. Null for a model without attention. */
export function fromPatch(answer, view, p) {
  if (!answer.rows) return null;
  const { layer, head } = partsOf(view);
  const { layers, heads, tokens } = answer.rows;
  const pick = (choice, count) => (choice && choice !== "mean" && count >= Number(choice) ? [Number(choice) - 1] : [...Array(count).keys()]);
  const [gh, gw] = answer.grid;
  const sum = new Float32Array(gh * gw);
  for (const l of pick(layer, layers)) for (const h of pick(head, heads)) rowOf(answer.rows.values, (l * heads + h) * tokens + answer.prefix + p, gh * gw).forEach((x, i) => { sum[i] += x; });
  const total = sum.reduce((a, b) => a + b, 0) || 1;
  return sum.map((x) => x / total);
}

/** Layer and head of a view of the class token; null for every other kind. */
export function partsOf(view) {
  const [, layer, head] = /^cls L(mean|\d+) H(mean|\d+)$/.exec(view ?? "") ?? [];
  return { layer: layer ?? null, head: head ?? null };
}

/** The fewest patches that hold 60 % of a map, as DINO's pictures have it. */
export function maskPatches(values) {
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]);
  const held = new Set();
  let mass = 0;
  for (const i of order) {
    if (mass >= MASS) break;
    held.add(i);
    mass += values[i];
  }
  return held;
}

/** The `count` patches with the highest values, [value, row, column], highest first. */
export function highest(values, [, gw], count) {
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, count);
  return order.map((i) => [values[i], Math.floor(i / gw), i % gw]);
}

/** How opaque the colour of a patch is, from its share of the highest. */
export function veil(share) {
  return VEIL[0] + (VEIL[1] - VEIL[0]) * share;
}

/** The edges of a set of patches, as the path of an SVG: what is inside has a border, what is between has none. */
export function border(inside, [gh, gw], side) {
  let path = "";
  for (let r = 0; r < gh; r++) {
    for (let c = 0; c < gw; c++) {
      if (!inside(r, c)) continue;
      const [x, y, w, h] = [c * side.w, r * side.h, side.w, side.h];
      if (!inside(r - 1, c)) path += `M${x} ${y}h${w}`;
      if (!inside(r + 1, c)) path += `M${x} ${y + h}h${w}`;
      if (!inside(r, c - 1)) path += `M${x} ${y}v${h}`;
      if (!inside(r, c + 1)) path += `M${x + w} ${y}v${h}`;
    }
  }
  return path;
}
