// Timeline: the same sentence under every kind of attention, in order of year; each can be opened.

import { recorded } from "./aligned.js";
import { ask } from "./ask.js";
import { button, decimal, element, keepingFocus, percent } from "./dom.js";
import { exportButtons } from "./exporting.js";
import { inks } from "./inks.js";
import { legend } from "./legend.js";
import { drawMatrix } from "./matrix.js";
import { wrapped } from "./paper.js";
import { Picture } from "./picture.js";
import { drawTimeline, measuredOf, sharedBy, titleOf } from "./timeline_paper.js";

const CARD_WIDTH = 400; // pixels for which a small picture is drawn, before it is fitted to its card

export class Timeline {
  constructor(overview, address) {
    this.overview = overview;
    this.address = address;
    this.node = element("div", { class: "view timeline" });
    this.turn = 0;
  }

  async refresh() {
    const turn = ++this.turn;
    if (!this.overview.timeline) return this.node.replaceChildren(...this.missing());
    let table;
    try {
      table = await ask("api/timeline", { made: this.overview.timeline }); // a new timeline is a new question
    } catch (error) {
      return this.node.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
    }
    if (turn !== this.turn) return;
    const open = table.rows.find((row) => row.name === this.address.state.kind && row.over_source);
    keepingFocus(this.node, () => {
      this.node.replaceChildren(this.heading(table, open), open ? this.opened(open, table) : "", this.kinds(table, open));
      if (open) this.draw();
    });
  }

  redraw() {
    this.refresh();
  }

  missing() {
    return [
      element("h2", {}, "There is no timeline yet"),
      element("p", {}, "It shows one sentence with every kind of attention, each trained in the same translator. In another window, from the project’s folder:"),
      element("p", {}, element("code", { class: "command" }, "make timeline"), " or, in minutes, ", element("code", { class: "command" }, "make timeline QUICK=1")),
    ];
  }

  heading(table, open) {
    const { kind } = this.address.state;
    return element("div", {},
      element("h2", {}, "One sentence under every attention"),
      element("p", { class: "note" }, `“${table.sentence}”, and its reference, which was fed to every model. ${sharedBy(table)} Choose a kind to open it.`),
      kind && !open ? element("p", { class: "note lost", role: "status" }, `This link names a kind that cannot be opened here: ${kind}. All kinds are shown.`) : "",
      exportButtons({ paper: () => drawTimeline(table, inks(false)), json: () => table, name: () => ["timeline"], key: "all" }));
  }

  /** One kind, large: where each word looked, and what was measured. */
  opened(row, table) {
    this.picture = new Picture("frame");
    this.picture.show(recorded(row.record), `Attention of ${titleOf(row)}`);
    const titles = () => ({
      title: `${titleOf(row)} (${row.year})`,
      lines: [`${row.record.model} · ${row.paper}`, ...wrapped(row.formula, 460), sharedBy(table)],
      notes: wrapped(facts(row, table).slice(0, 4).map(([name, value]) => `${name} ${value}`).join(" · "), 460),
    });
    this.section = element("section", { class: "panel alone", "aria-label": titleOf(row) },
      element("h3", {}, `${row.year} · ${titleOf(row)}`),
      element("p", { class: "note" }, `${row.paper}: ${row.formula}`),
      element("p", {}, row.says), legend("map"), this.picture.frame, this.picture.readout,
      element("dl", { class: "facts" }, facts(row, table).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))),
      element("div", { class: "row" },
        exportButtons({ paper: () => this.picture.paper(titles(), { kind: "map", gold: true }), json: () => row.record, name: () => ["timeline", row.name] }),
        button("Close", () => this.address.set({ kind: null }), { class: "quiet", "data-key": "close" })),
      this.picture.table());
    return this.section;
  }

  draw() {
    this.picture.draw({ kind: "map", gold: true, width: Math.min(760, Math.max(230, this.section.clientWidth - 34)) });
  }

  kinds(table, open) {
    return element("ol", { class: "kinds", "aria-label": "Kinds of attention, in order of year" }, table.rows.map((row) => element("li", {}, this.card(row, row === open))));
  }

  card(row, isOpen) {
    const name = element("b", {}, `${row.year} · ${titleOf(row)}`);
    if (!row.over_source) return element("div", { class: "kind" }, name, element("span", { class: "note" }, row.says));
    const picture = drawMatrix(recorded(row.record), inks(), { width: CARD_WIDTH }).node;
    picture.setAttribute("aria-hidden", "true");
    return button([name, element("span", { class: "note" }, row.formula), picture, element("span", { class: "note" }, measuredOf(row))],
      () => this.address.set({ kind: isOpen ? null : row.name }), { class: "kind", "aria-pressed": String(isOpen), "data-key": `kind-${row.name}` });
  }
}

/** What was measured of a kind: [name, value]. */
function facts(row, table) {
  const spread = (values, scale) => (values.length > 1 ? ` (${decimal(scale * Math.min(...values), 1)} to ${decimal(scale * Math.max(...values), 1)})` : "");
  return [
    ["BLEU", `${decimal(row.bleu, 1)}${spread(row.bleu_seeds, 1)}`],
    ["AER", `${percent(row.aer)}${spread(row.aer_seeds, 100)}`],
    ["words turned round that it follows", `${percent(row.inversions_kept / row.inversions, 0)} of ${row.inversions}`],
    ["entropy", decimal(row.entropy, 2)],
    ["parameters", row.parameters.toLocaleString("en")],
    [`products of a step over ${table.sizes.source} words`, row.products.toLocaleString("en")],
  ];
}
