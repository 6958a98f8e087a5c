// A matrix as a table of numbers, updated in place, so that typing is never interrupted.

import { button, decimal, element } from "./dom.js";
import { inks } from "./inks.js";

/**
 * `matrix` is one of stage.js, `rows` names its rows, `row` is the word that is followed. `hear` has the listeners: typed(i, j,
 * input) for numbers, follow(i) for the name of a row.
 */
export class NumberTable {
  constructor(matrix, rows, row, hear) {
    const { title, columns, weights } = matrix;
    this.matrix = matrix;
    this.cells = rows.map((word, i) => columns.map((column, j) => this.cell(`${title}: ${word}, ${column}`, i, j, hear)));
    const name = (word, i) => (matrix.follow ? button(word, () => hear.follow(i), { class: "word", "aria-pressed": String(i === row), "aria-label": `Follow ${word}`, "data-key": `${title}${i}` }) : word);
    this.node = element("figure", { class: weights ? "matrix weights" : "matrix" }, element("figcaption", {}, title),
      element("div", { class: "scrolls" }, element("table", {},
        element("thead", {}, element("tr", {}, element("th", {}), columns.map((word) => element("th", { scope: "col" }, element("span", {}, word))))),
        element("tbody", {}, rows.map((word, i) => element("tr", { class: i === row ? "followed" : null }, element("th", { scope: "row" }, name(word, i)), this.cells[i]))))));
  }

  cell(label, i, j, hear) {
    const { edit } = this.matrix;
    if (!edit) return element("td");
    return element("td", {}, element("input", { type: "number", step: 0.1, min: -1000, max: 1000, "aria-label": label, "data-key": `${edit}${i}.${j}`, oninput: (event) => hear.typed(i, j, event.target) }));
  }

  /** Writes all numbers, in the current colours. */
  write(all) {
    const values = this.matrix.of(all);
    const mask = this.matrix.masked ? all.mask : null;
    const most = Math.max(1e-9, ...values.flat().map(Math.abs));
    values.forEach((line, i) => line.forEach((x, j) => this.writeCell(this.cells[i][j], x, mask && !mask[i][j], Math.abs(x) / most)));
  }

  writeCell(td, x, hidden, strength) {
    if (this.matrix.edit) writeInput(td.firstChild, x);
    else td.textContent = hidden ? "−∞" : decimal(x, 2);
    td.className = hidden ? "hidden" : this.matrix.weights ? "" : x < 0 ? "minus" : "plus";
    const colours = inks();
    if (this.matrix.weights) [td.style.background, td.style.color] = [colours.weight(x), colours.onWeight(x)];
    else td.style.setProperty("--strength", strength.toFixed(3));
  }
}

/** Writes a number, except over one that is being typed, such as "1." or "-". */
function writeInput(input, x) {
  const typing = input === document.activeElement && (input.valueAsNumber === x || Number.isNaN(input.valueAsNumber));
  if (typing) return;
  input.value = x;
  input.removeAttribute("aria-invalid");
}
