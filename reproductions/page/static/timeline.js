// Timeline: the same sentence under every kind of attention, in order of year; each can be opened.

import { recorded, said } from "./aligned.js";
import { ask } from "./ask.js";
import { button, decimal, element, keepingFocus } from "./dom.js";
import { fileName, saveJson, savePng, saveSvg } from "./exporting.js";
import { inks } from "./inks.js";
import { drawMatrix } from "./matrix.js";

const CARD_WIDTH = 400; // pixels for which a small picture is drawn, before it is fitted to its card

export class Timeline {
  constructor(overview, address) {
    this.overview = overview;
    this.address = address;
    this.node = element("div", { class: "view timeline" });
    this.turn = 0;
  }

  /** A new timeline is a new question. */
  get question() {
    return ["api/timeline", { made: this.overview.timeline }];
  }

  questions() {
    return this.overview.timeline ? [this.question] : [];
  }

  async refresh() {
    const turn = ++this.turn;
    if (!this.overview.timeline) return this.node.replaceChildren(...this.missing());
    let table;
    try {
      table = await ask(...this.question);
    } catch (error) {
      return this.node.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
    }
    if (turn !== this.turn) return;
    const open = table.rows.find((row) => row.name === this.address.state.kind && row.over_source);
    keepingFocus(this.node, () => this.node.replaceChildren(this.heading(table), open ? this.opened(open, table) : "", this.kinds(table, open)));
  }

  redraw() {
    this.refresh();
  }

  missing() {
    return [
      element("h2", {}, "There is no timeline yet"),
      element("p", {}, "It shows one sentence under every kind of attention, each trained in the same translator. In another window, from the project’s folder:"),
      element("p", {}, element("code", { class: "command" }, "make timeline"), " or, in minutes, ", element("code", { class: "command" }, "make timeline QUICK=1")),
    ];
  }

  heading(table) {
    const seeds = table.seeds.length;
    return element("div", {},
      element("h2", {}, "One sentence under every attention"),
      element("p", { class: "note" }, `“${table.sentence}”, and its reference, which every model was made to write. RNNsearch on ${table.corpus}: ${table.steps} steps, ${seeds} ${seeds === 1 ? "seed" : "seeds"} each. Choose a kind to open it.`));
  }

  /** One kind, large: where each word looked, and what was measured. */
  opened(row, table) {
    const record = recorded(row.record);
    const drawn = drawMatrix(record, inks(), { width: Math.min(760, Math.max(320, this.node.clientWidth - 40)) });
    const told = element("p", { class: "worked", role: "status" }, "Point at the picture to read it.");
    drawn.node.setAttribute("role", "img");
    drawn.node.setAttribute("aria-label", `Weights of ${titleOf(row)} over the sentence, target words down, source words across`);
    drawn.node.addEventListener("pointermove", (event) => {
      const box = drawn.node.getBoundingClientRect();
      const scale = drawn.node.viewBox.baseVal.width / box.width;
      const { row: t, column: s } = drawn.at((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
      drawn.light(t, s);
      told.textContent = said(record, t, s) || "Point at the picture to read it.";
    });
    const name = fileName("timeline", row.name);
    return element("section", { class: "panel", "aria-label": titleOf(row) },
      element("h3", {}, `${row.year} · ${titleOf(row)}`),
      element("p", { class: "note" }, `${row.paper}: ${row.formula}`),
      element("p", {}, row.says), element("div", { class: "scrolls" }, drawn.node), told,
      numbers(row, table),
      element("div", { class: "row exports" },
        button("PNG", () => savePng(drawn.node, name), { "data-key": "png" }), button("SVG", () => saveSvg(drawn.node, name), { "data-key": "svg" }),
        button("JSON", () => saveJson(row.record, name), { "data-key": "json" }), button("Close", () => this.address.set({ kind: null }), { class: "quiet", "data-key": "close" })));
  }

  kinds(table, open) {
    return element("ol", { class: "kinds", "aria-label": "Kinds of attention, in order of year" }, table.rows.map((row) => element("li", {}, this.card(row, row === open))));
  }

  card(row, isOpen) {
    const name = element("b", {}, `${row.year} · ${titleOf(row)}`);
    if (!row.over_source) return element("div", { class: "kind" }, name, element("span", { class: "note" }, row.says));
    const picture = drawMatrix(recorded(row.record), inks(), { width: CARD_WIDTH }).node;
    picture.setAttribute("aria-hidden", "true");
    const measured = `BLEU ${decimal(row.bleu, 1)} · AER ${decimal(100 * row.aer, 1)} %`;
    return button([name, element("span", { class: "note" }, row.formula), picture, element("span", { class: "note" }, measured)],
      () => this.address.set({ kind: isOpen ? null : row.name }), { class: "kind", "aria-pressed": String(isOpen), "data-key": `kind-${row.name}` });
  }
}

function titleOf(row) {
  return row.name.replaceAll("_", " ");
}

/** What was measured of a kind, as a list of names and values. */
function numbers(row, table) {
  const spread = (values, scale) => (values.length > 1 ? ` (${decimal(scale * Math.min(...values), 1)} to ${decimal(scale * Math.max(...values), 1)})` : "");
  const facts = [
    ["BLEU", `${decimal(row.bleu, 1)}${spread(row.bleu_seeds, 1)}`],
    ["AER", `${decimal(100 * row.aer, 1)} %${spread(row.aer_seeds, 100)}`],
    ["words turned round that it follows", `${decimal((100 * row.inversions_kept) / row.inversions, 0)} % of ${row.inversions}`],
    ["entropy", decimal(row.entropy, 2)],
    ["parameters", row.parameters.toLocaleString("en")],
    [`products of a step over ${table.sizes.source} words`, row.products.toLocaleString("en")],
  ];
  return element("dl", { class: "facts" }, facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}
