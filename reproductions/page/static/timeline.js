// Timeline: the same sentence under every kind of attention, in order of year; each can be opened.

import { recorded } from "./aligned.js";
import { alone, timeline } from "./backend.js";
import { button, decimal, element, keepingFocus, measured, percent } from "./dom.js";
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
    let table;
    try {
      table = await timeline({ made: this.overview.timeline }); // a new timeline is a new question
    } catch (error) {
      return this.node.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
    }
    if (turn !== this.turn) return;
    if (table.shipped) return this.node.replaceChildren(...shippedKinds(table));
    const open = table.rows.find((row) => row.name === this.address.state.kind && row.over_source);
    keepingFocus(this.node, () => {
      this.node.replaceChildren(this.heading(table, open), open ? this.opened(open, table) : "", this.kinds(table, open));
      if (open) this.draw();
    });
  }

  redraw() {
    this.refresh();
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
      notes: wrapped(facts(row, table).slice(0, 4).map(([, label, value]) => `${label} ${value}`).join(" · "), 460),
    });
    this.section = element("section", { class: "panel alone", "aria-label": titleOf(row) },
      element("h3", {}, `${row.year} · ${titleOf(row)}`),
      element("p", { class: "note" }, `${row.paper}: ${row.formula}`),
      element("p", {}, row.says), legend("map"), this.picture.frame, this.picture.readout,
      measured(facts(row, table)),
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

/** The figures that come with the project, until the reader has trained a timeline. */
function shippedKinds({ rows, caption }) {
  const card = ({ year, kind, paper, score, BLEU, AER, picture }) => element("li", {}, element("div", { class: "kind" }, element("b", {}, `${year} · ${kind}`),
    element("span", { class: "note" }, `${paper}: ${score}`),
    element("a", { href: picture, target: "_blank" }, element("img", { src: picture, alt: `Weights of ${kind} attention: French words down, English words across`, loading: "lazy" })),
    element("span", { class: "note" }, `BLEU ${BLEU} · AER ${AER}`)));
  return [
    element("h2", {}, "Every kind of attention, as shipped"),
    element("p", { class: "note" }, `These figures come with the project. To open each kind, train your own, ${alone ? "in the project" : "in another window"}: `, element("code", { class: "command" }, "make timeline"), " or, in minutes, ", element("code", { class: "command" }, "make timeline QUICK=1"), "."),
    element("ol", { class: "kinds", "aria-label": "Kinds of attention, in order of year" }, rows.map(card)),
    element("p", { class: "note" }, caption),
  ];
}

/** What was measured of a kind: [name, label, value, meaning]. */
function facts(row, table) {
  const spread = (values, scale) => (values.length > 1 ? ` (${decimal(scale * Math.min(...values), 1)} to ${decimal(scale * Math.max(...values), 1)})` : "");
  return [
    ["bleu", "BLEU", `${decimal(row.bleu, 1)}${spread(row.bleu_seeds, 1)}`, "How many words and sequences of words its translations share with the references: 100 is all. In brackets: of each training."],
    ["aer", "wrong links (AER)", `${percent(row.aer)}${spread(row.aer_seeds, 100)}`, "Alignment error rate: each word is linked to the word it looked at most, and compared with the gold links. 0 is perfect."],
    ["turned", "turned pairs followed", `${percent(row.inversions_kept / row.inversions, 0)} of ${row.inversions}`, "Neighbouring French words whose English words stand the other way round: how many of them attention turns round, too."],
    ["entropy", "spread (entropy)", decimal(row.entropy, 2), "Entropy of a row, divided by that of uniform weights: 0 is one word alone, 1 is all words alike."],
    ["parameters", "parameters", row.parameters.toLocaleString("en"), "Learned numbers of the attention alone."],
    ["products", "products of a step", row.products.toLocaleString("en"), `Multiplications to write one word over a sentence of ${table.sizes.source} words.`],
  ];
}
