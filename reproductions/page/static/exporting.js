// Exports: a picture as PNG or SVG, a record as JSON.

import { button, element } from "./dom.js";

/** Downloads a file. */
function download(content, type, name) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function saveJson(object, name) {
  download(`${JSON.stringify(object)}\n`, "application/json", `${name}.json`);
}

function textOf(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.removeAttribute("class");
  return new XMLSerializer().serializeToString(copy);
}

function saveSvg(svg, name) {
  download(textOf(svg), "image/svg+xml", `${name}.svg`);
}

/** Three pixels for each of the picture's, for print. */
async function savePng(svg, name, scale = 3) {
  const url = URL.createObjectURL(new Blob([textOf(svg)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(svg.getAttribute("width") * scale);
    canvas.height = Math.ceil(svg.getAttribute("height") * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    await saveCanvas(canvas, name);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function saveCanvas(canvas, name) {
  download(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")), "image/png", `${name}.png`);
}

/**
 * Buttons that export a picture: `paper()` is the picture as SVG, `json()` its numbers, `name()` a list of words; `key` makes the
 * buttons of several pictures unique.
 */
export function exportButtons({ paper, json, name, key = "" }) {
  return element("div", { class: "row exports" },
    button("PNG", () => savePng(paper(), fileName(...name())), { "data-key": `png${key}` }),
    button("SVG", () => saveSvg(paper(), fileName(...name())), { "data-key": `svg${key}` }),
    button("JSON", () => saveJson(json(), fileName(...name())), { "data-key": `json${key}` }));
}

/** A file name made of words. */
function fileName(...words) {
  return words.join("-").normalize("NFKD").replace(/[^\w-]+/g, "-").replace(/-+/g, "-").replace(/^-|-$/g, "").toLowerCase().slice(0, 80);
}
