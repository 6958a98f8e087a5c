// A picture of the reader as a model sees it, and as it is shown. It is decoded by the browser, in a colour space of its own left as it
// is, and turned as EXIF says. A server reads a large JPEG at a part of its size, so its bytes may differ from these by a little.

import { squared, visible } from "./resampling.js";

const MOST_PIXELS = 40_000_000;
const LONGEST_SIDE = 20_000;
const SHARP = 900; // pixels of the longer side of a photo under its map, at most
const FORMATS = { PNG: "\x89PNG", JPEG: "\xff\xd8\xff", GIF: "GIF8", WebP: "RIFF", BMP: "BM" };

/** A canvas and what draws on it. */
function canvasOf(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return { canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
}

function damaged() {
  return new Error("The picture is damaged: this browser cannot read it.");
}

/** An image that an address holds; its size is known before it is decoded. */
async function loaded(url) {
  const image = new Image();
  await new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(damaged());
    image.src = url;
  });
  return image;
}

/** The square of bytes (size, size, 3) that a model sees of a decoded image. */
function squareOf(bitmap, square) {
  const strip = (top, count) => {
    const { context } = canvasOf(bitmap.width, count);
    context.fillStyle = "white"; // under what is transparent
    context.fillRect(0, 0, bitmap.width, count);
    context.drawImage(bitmap, 0, top, bitmap.width, count, 0, 0, bitmap.width, count);
    return context.getImageData(0, 0, bitmap.width, count).data;
  };
  return squared(bitmap, square, strip);
}

/** What is known of a file that a reader gives: {bytes, photo, ...}. Throws an Error for a file that is no picture or too large. */
export async function read(file, square) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  if (!Object.values(FORMATS).some((sign) => start.startsWith(sign))) throw new Error(`The file is no picture of a known format (${Object.keys(FORMATS).join(", ")}).`);
  const url = URL.createObjectURL(file);
  try {
    const { naturalWidth: width, naturalHeight: height } = await loaded(url);
    const size = `The picture has ${width.toLocaleString("en")} x ${height.toLocaleString("en")} pixels`;
    if (width * height > MOST_PIXELS) throw new Error(`${size}, more than ${MOST_PIXELS.toLocaleString("en")}: make it smaller.`);
    if (Math.max(width, height) > LONGEST_SIDE) throw new Error(`${size}, more than ${LONGEST_SIDE.toLocaleString("en")} on one side: make it smaller.`);
  } finally {
    URL.revokeObjectURL(url);
  }
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => { throw damaged(); });
  const seen = { name: "your picture", label: null, bytes: squareOf(bitmap, square), photo: sharp(bitmap, square), covered: null, mask: null };
  bitmap.close();
  return seen;
}

/** What is known of a scene of the gallery. */
export async function sceneOf(scenes, name, square) {
  const one = scenes.find((scene) => scene.name === name);
  if (!one) throw new Error(`There is no scene “${name}” in the gallery.`);
  const { image, answer, covered, mask } = one;
  const bitmap = await createImageBitmap(await loaded(image));
  return { name, label: answer, bytes: squareOf(bitmap, square), photo: sharp(bitmap, square), covered, mask };
}

/**
 * What a model sees of a photo, in the photo's own pixels, and `part`, where it lies in the square: left, top, width, height. Null
 * for a picture that is no larger than the square.
 */
function sharp(bitmap, square) {
  const size = Math.min(SHARP, Math.max(bitmap.width, bitmap.height));
  if (size <= square.size) return null;
  const { x, y, width, height, to } = visible(bitmap, { ...square, size });
  const { canvas, context } = canvasOf(to.width, to.height);
  context.fillStyle = "white";
  context.fillRect(0, 0, to.width, to.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, x, y, width, height, 0, 0, to.width, to.height);
  return { image: canvas.toDataURL("image/jpeg", 0.88), part: [to.left, to.top, to.width, to.height].map((length) => length / size) };
}

/** A square of bytes as a PNG in an address. */
export function pixelsOf(bytes, size) {
  const { canvas, context } = canvasOf(size, size);
  const pixels = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) pixels.data.set([bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2], 255], 4 * i);
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL("image/png");
}
