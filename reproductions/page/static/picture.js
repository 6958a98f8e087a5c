// One sentence's attention in a frame: with pointer, arrow keys, a readout, a list and exports.

import { said } from "./aligned.js";
import { element } from "./dom.js";
import { inks } from "./inks.js";
import { legendNotes } from "./legend.js";
import { drawLinks } from "./links.js";
import { drawMatrix } from "./matrix.js";

const STEPS_OF = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** [rows, columns] that a key moves by; null for other keys. */
export function stepOf(key) {
  return STEPS_OF[key] ?? null;
}

/** `hear(row, column)` is called with the cell under the pointer; by default the picture highlights it. */
export class Picture {
  constructor(key, hear = (row, column) => this.light(row, column)) {
    this.hear = hear;
    this.record = null;
    this.drawn = null;
    this.pointer = { row: null, column: null };
    this.frame = element("div", { class: "frame", role: "application", tabindex: 0, "data-key": key,
      onpointermove: (event) => this.hear(...this.under(event)), onpointerdown: (event) => this.hear(...this.under(event)),
      onpointerleave: (event) => event.pointerType !== "touch" && this.hear(null, null), onscroll: () => this.fade(), onkeydown: (event) => this.walk(event) });
    this.readout = element("p", { class: "readout", "aria-live": "polite" });
  }

  /** Draws another record, named for screen readers. */
  show(record, name) {
    this.record = record;
    this.frame.setAttribute("aria-label", `${name}: ${record.target.length} target words by ${record.source.length} source words. Arrow keys move from word to word, Escape leaves.`);
  }

  draw({ kind, gold, width }) {
    this.drawn = drawingOf(kind)(this.record, inks(), { width, gold });
    this.drawn.node.setAttribute("aria-hidden", "true");
    this.frame.replaceChildren(this.drawn.node);
    this.fade();
    this.light(this.pointer.row, this.pointer.column);
  }

  /** Fades the right edge of a picture that goes on behind it. */
  fade() {
    const { scrollLeft, clientWidth, scrollWidth } = this.frame;
    this.frame.classList.toggle("more", scrollLeft + clientWidth < scrollWidth - 1);
  }

  /** Row and column under the pointer. */
  under(event) {
    const box = this.drawn.node.getBoundingClientRect();
    const { row, column } = this.drawn.at(event.clientX - box.left, event.clientY - box.top);
    return [row, column];
  }

  walk(event) {
    if (event.key === "Escape") this.hear(null, null);
    const step = stepOf(event.key);
    if (!step) return;
    event.preventDefault();
    const { row, column } = this.pointer;
    const bound = (value, length) => Math.min(Math.max(value, 0), length - 1);
    const began = row === null || column === null;
    this.hear(
      bound((row ?? 0) + (began ? 0 : step[0]), this.record.target.length),
      bound((column ?? 0) + (began ? 0 : step[1]), this.record.source.length));
  }

  /** Highlights a row and a column, null for none, and reads out the cell. */
  light(row, column) {
    this.pointer = { row, column };
    if (!this.record || !this.drawn) return;
    const here = row === null || row < this.record.target.length ? row : null;
    this.drawn.light(here, column);
    this.readout.textContent = said(this.record, here, column) || "Point at a square or a word, tap it, or move with the arrow keys.";
    this.readout.classList.toggle("idle", here === null && column === null);
  }

  /** The same numbers for screen readers. */
  table() {
    const { source, target, weights } = this.record;
    const body = () => element("div", { class: "scrolls" }, element("table", { class: "listed" },
      element("thead", {}, element("tr", {}, element("th", {}, "target \\ source"), source.map((word) => element("th", { scope: "col" }, word)))),
      element("tbody", {}, target.map((word, t) => element("tr", {}, element("th", { scope: "row" }, word), Array.from(weights[t], (w) => element("td", {}, w.toFixed(2))))))));
    const details = element("details", { class: "table" }, element("summary", {}, "The weights as a table"));
    details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(body()); });
    return details;
  }

  /** The picture for a file: on white, with its title, the lines below it, the notes under it and what its marks mean. */
  paper({ title, lines, notes }, { kind, gold }) {
    const marked = Boolean(this.record.gold && gold);
    const titles = { title, lines, notes: [...notes, ...legendNotes(kind, marked)].filter(Boolean), width: marked && kind === "map" ? 470 : 380 };
    return drawingOf(kind)(this.record, inks(false), { width: 720, gold, titles }).node;
  }
}

function drawingOf(kind) {
  return kind === "links" ? drawLinks : drawMatrix;
}
