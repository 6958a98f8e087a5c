// An image of any size as the square that a model sees, byte by byte what data/preprocessing.py makes of it. A canvas would resample
// in its own way, each browser in another, and a network of 32 x 32 pixels sees the difference; so Pillow's way is written here.

const BARS = [124, 116, 104]; // the mean colour of ImageNet's images
const ONE = 2 ** 22; // Pillow's weights are integers, in units of 1 / ONE

/** The nearest integer, of two the even one, as Python rounds. */
function rounded(x) {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 ? near - 1 : near;
}

/** {left, top, width, height} of a whole image on the square, in the square's pixels; negative where it is cut off. */
export function frame({ width, height }, { size, fit }) {
  const side = fit === "crop" ? Math.min(width, height) : Math.max(width, height);
  const [across, down] = [width, height].map((length) => Math.max(1, rounded((length * size) / side)));
  return { left: Math.floor((size - across) / 2), top: Math.floor((size - down) / 2), width: across, height: down };
}

/** The part of an image that is seen: {x, y, width, height} in its pixels, and where it comes to lie on the square, {to}. */
export function visible(image, square) {
  const placed = frame(image, square);
  const [x, y] = [(Math.max(0, -placed.left) * image.width) / placed.width, (Math.max(0, -placed.top) * image.height) / placed.height];
  const to = { left: Math.max(0, placed.left), top: Math.max(0, placed.top), width: Math.min(placed.width, square.size), height: Math.min(placed.height, square.size) };
  return { x, y, width: image.width - 2 * x, height: image.height - 2 * y, to };
}

/** Keys' cubic with a = -0.5. */
function bicubic(x) {
  x = Math.abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * x * -0.5 + 2 : 0;
}

/** For each of `count` pixels: {first, weights} of the pixels between `from` and `to`, of `length`, that it is made of. */
function taps(from, to, length, count) {
  const [start, end] = [Math.fround(from), Math.fround(to)];
  const scale = Math.fround(end - start) / count;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: count }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const last = Math.min(length, Math.trunc(centre + 2 * stretch + 0.5));
    const exact = Array.from({ length: last - first }, (__, k) => bicubic((k + first - centre + 0.5) / stretch));
    const sum = exact.reduce((a, b) => a + b, 0);
    return { first, weights: Int32Array.from(exact, (w) => Math.trunc((w / sum) * ONE + (w < 0 ? -0.5 : 0.5))) };
  });
}

/** Writes the weighted sum of pixels that stand `step` entries apart, as three bytes, which the array clamps. */
function mix(bytes, at, step, weights, result, place) {
  let [red, green, blue] = [ONE / 2, ONE / 2, ONE / 2];
  for (let k = 0; k < weights.length; k++, at += step) {
    const weight = weights[k];
    red = (red + Math.imul(bytes[at], weight)) | 0;
    green = (green + Math.imul(bytes[at + 1], weight)) | 0;
    blue = (blue + Math.imul(bytes[at + 2], weight)) | 0;
  }
  result[place] = red >> 22;
  result[place + 1] = green >> 22;
  result[place + 2] = blue >> 22;
}

/**
 * The square (size, size, 3) as bytes. `strip(top, count)` gives rows of the image as RGBA, so that no more than some of its rows
 * need be in memory.
 */
export function squared(image, square, strip) {
  const { x, y, width, height, to } = visible(image, square);
  const columns = taps(x, x + width, image.width, to.width);
  const rows = taps(y, y + height, image.height, to.height);
  const narrow = new Uint8ClampedArray(image.height * to.width * 3); // the columns done, the rows not
  const together = Math.max(1, Math.floor(2 ** 22 / image.width));
  for (let top = 0; top < image.height; top += together) {
    const count = Math.min(together, image.height - top);
    const bytes = strip(top, count);
    for (let r = 0; r < count; r++) {
      columns.forEach(({ first, weights }, c) => mix(bytes, (r * image.width + first) * 4, 4, weights, narrow, ((top + r) * to.width + c) * 3));
    }
  }
  const result = Uint8ClampedArray.from({ length: square.size ** 2 * 3 }, (_, i) => BARS[i % 3]);
  rows.forEach(({ first, weights }, r) => {
    for (let c = 0; c < to.width; c++) mix(narrow, (first * to.width + c) * 3, to.width * 3, weights, result, ((to.top + r) * square.size + to.left + c) * 3);
  });
  return result;
}
