// One model's picture of a sentence: which run, which view, the weights, the numbers beneath.

import { aligned, toJson, viewName, viewParts } from "./aligned.js";
import { button, choice, decimal, element, measured, percent, term, tick } from "./dom.js";
import { exportButtons } from "./exporting.js";
import { copyRaw, printed } from "./french.js";
import { inks } from "./inks.js";
import { Picture } from "./picture.js";

/** @type {[string, string, (value: any) => string, string][]} */
const NUMBERS = [ // name, label, how it is written, meaning
  ["aer", "wrong links (AER)", percent, "Alignment error rate of this sentence: each word that is written is linked to the word it looked at most, and compared with the gold links (Och and Ney 2003). 0 is perfect."],
  ["entropy", "spread (entropy)", decimal, "Entropy of a row, divided by that of uniform weights: 0 is one word alone, 1 is all words alike."],
  ["confidence", "largest weight", decimal, "The largest weight of a row, on average."],
  ["end_mass", "on the end", decimal, "The weight that the words put on the end of the sentence, on average: often where a model looks when it needs no word."],
  ["monotonicity", "left to right", decimal, "1: attention moves to the right, word by word; −1: it moves to the left."],
];
const LIKELY = "Natural logarithm of the probability that the model gives to all that is written here: the nearer to 0, the likelier.";
const VIEWS = "A Transformer has one attention in every layer and head; RNNsearch has one in all. The view that links words best was chosen on validation data. “One step later” shows where the model looked after it had written the word. “Times value length” multiplies each weight by the length of the vector it weighs: a large weight on a short vector moves little (Kobayashi et al. 2020).";

/** Title and year of a run, for a heading, with the paper of its attention if that is another. */
function runTitle(run) {
  return run.year ? `${run.title} (${[run.year, attentionOf(run)].filter(Boolean).join(", ")})` : run.title;
}

/** "attention: Luong, Pham and Manning 2015" for an RNNsearch with that attention; "" for its own. */
function attentionOf(run) {
  return run.mechanism ? `attention: ${run.mechanism}` : "";
}

/** Name and year of a run at the head of its panel, with the button to remove it. */
export function heading(run, remove) {
  return element("header", {}, element("h2", {}, run.title.replace(/ d\d+ .*/, ""), " ", element("span", { class: "year" }, [run.year, attentionOf(run)].filter(Boolean).join(" · "))), remove);
}

/** Whether these are published weights, which the server fetches at the first question. */
export function isPublished(run) {
  return "mebibytes" in run;
}

/** A description of published weights, with the size of their download. */
export function publication(run) {
  return `published weights, trained on ImageNet (${run.fetched ? "on this machine" : `${run.mebibytes} MiB to fetch, once`})`;
}

/** Runs as choices, grouped by paper. */
export function runOptions(runs) {
  const groups = new Map();
  for (const run of runs) {
    const own = run.year ? `${run.title.replace(/^RNNencdec/, "RNNsearch")} (${run.year})` : run.title;
    const label = run.mechanism ? `${run.title} · translator: ${run.authors} ${run.year} · ${attentionOf(run)}` : `${own} · ${run.authors}`;
    if (!groups.has(label)) groups.set(label, []);
    if (isPublished(run)) {
      groups.get(label).push([run.name, `${run.title} · ${publication(run)}`]);
      continue;
    }
    const { bleu, accuracy } = run.scores.test ?? {};
    const score = bleu ? ` · BLEU ${bleu.toFixed(1)}` : accuracy ? ` · ${(100 * accuracy).toFixed(1)} % right` : "";
    groups.get(label).push([run.name, `${run.title} · ${run.config} · ${when(run.time)}${run.finished ? score : " · still training"}`]);
  }
  return [...groups].map(([label, options]) => ({ label, options }));
}

/** "20261125-021956-682254" as "25 Nov 2026, 02:19". */
function when(time) {
  const [, year, month, day, hour, minute] = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)/.exec(time) ?? [];
  if (!year) return time;
  const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  return `${Number(day)} ${names[Number(month) - 1]} ${year}, ${hour}:${minute}`;
}

/**
 * A panel of the side-by-side view. `page` has the style ({kind, gold}), the pointer, and the listeners: point(row, column),
 * view(name), run(name), remove().
 */
export class Panel {
  run; answer;

  constructor(page, number) {
    this.page = page;
    this.number = number;
    this.record = null;
    this.picture = new Picture(`frame${number}`, (row, column) => page.point(row, column));
    this.node = element("section", { class: "panel", "aria-label": `Model ${number + 1}` });
    this.message = element("p", { class: "problem", role: "alert", hidden: true });
  }

  /** Shows an answer without its picture, which is drawn once all panels stand; own: the model's own translation, {text, same}. */
  show({ run, runs, answer, own, view, removable }) {
    Object.assign(this, { run, answer });
    this.record = answer.views.length ? aligned(answer, view, run.languages) : null;
    this.node.dataset.run = run.name;
    this.node.replaceChildren(
      heading(run, removable ? button("×", () => this.page.remove(this.number), { class: "quiet", "aria-label": `Remove ${run.title}`, "data-key": `remove${this.number}` }) : null),
      element("p", { class: "answer" }, element("span", { class: "label" }, "It translates: "), translation(own.text, run.languages[1]),
        own.same ? element("span", { class: "same" }, "= reference") : null),
      ...(this.record ? this.pictured(runs) : [element("p", { class: "note" }, `${run.title} has no attention: it reads the sentence into one vector, so there is nothing to draw. Attention was invented to avoid this.`), this.chooser(runs)]),
    );
    this.message.hidden = true;
  }

  /** Shows an error instead. */
  fail(run, runs, text) {
    Object.assign(this, { run, answer: null, record: null });
    this.message.hidden = false;
    this.message.textContent = text;
    this.node.dataset.run = run.name;
    this.node.replaceChildren(
      heading(run, null),
      this.chooser(runs),
      this.message,
    );
  }

  /** The list of runs. */
  chooser(runs) {
    this.list = choice("Run", runOptions(runs), this.run.name, (name) => this.page.run(this.number, name), { "data-key": `run${this.number}` });
    return this.list;
  }

  /** Renews the list of runs. */
  relist(runs) {
    if (this.run && !this.list.contains(document.activeElement)) this.list.replaceWith(this.chooser(runs));
  }

  pictured(runs) {
    const { record, run } = this;
    this.picture.show(record, `Attention of ${run.title}, ${record.described}`);
    return [
      this.picture.frame,
      this.picture.readout,
      this.controls(),
      element("div", {}, this.numbers(), this.used()),
      this.grid(),
      this.chooser(runs),
      exportButtons({ paper: () => this.paper(), json: () => toJson(record, this.answer), name: () => this.named(), key: this.number }),
      this.picture.table(),
    ];
  }

  /** The choices of layer, head and step that the model has. */
  controls() {
    const { layers, heads, chosen } = this.answer;
    const parts = viewParts(this.record.view);
    const change = (some) => this.page.view(this.number, viewName({ ...parts, ...some }));
    const numbers = (count) => [["mean", "mean"], ...Array.from({ length: count }, (_, i) => [i + 1, `${i + 1}`])];
    const best = this.record.view === chosen;
    return element("div", { class: "row controls explains" },
      term(best ? "The best view" : "Another view", VIEWS),
      layers > 1 ? choice("Layer", numbers(layers), parts.layer, (layer) => change({ layer }), { "data-key": `layer${this.number}` }) : null,
      heads > 1 ? choice("Head", numbers(heads), parts.head, (head) => change({ head }), { "data-key": `head${this.number}` }) : null,
      choice("Look", [["0", "as it writes"], ["1", "one step later"]], parts.shift, (shift) => change({ shift }), { "data-key": `shift${this.number}` }),
      tick("times value length", parts.norms, (norms) => change({ norms }), { "data-key": `norms${this.number}` }),
      best ? null : button("back to the best view", () => this.page.view(this.number, chosen), { class: "quiet", "data-key": `chosen${this.number}` }));
  }

  numbers() {
    const items = NUMBERS.filter(([name]) => this.record.numbers[name] !== undefined).map(([name, label, written, meaning]) => [name, label, written(this.record.numbers[name]), meaning]);
    return measured([...items, ["score", "log probability", decimal(this.record.score, 2), LIKELY]]);
  }

  /** Whether its words need the word that it looks at, once that was measured over its test sentences. */
  used() {
    const { used } = this.run;
    return used ? element("p", { class: "note used" }, `Does it use what it looks at? Over ${used.targets.toLocaleString("en")} test words, the log probability of a word changes by ${decimal(used.erased)} if the weight of the word looked at is erased, by ${decimal(used.exchanged)} if another word gets that weight, by ${decimal(used.left_out)} if the word itself is missing in the source.`) : null;
  }

  /** A table of every layer and head with its score, to choose from. */
  grid() {
    const { layers, heads, views, numbers, gold } = this.answer;
    if (layers * heads === 1) return element("div");
    const parts = viewParts(this.record.view);
    const [measure, said, written] = gold ? ["aer", "AER", (value) => percent(value, 0)] : ["entropy", "spread", decimal];
    const ways = (count) => [...Array.from({ length: count }, (_, i) => String(i + 1)), ...(count > 1 ? ["mean"] : [])];
    const colours = inks();
    const cell = (layer, head) => {
      const name = viewName({ ...parts, layer, head });
      const value = numbers[views.indexOf(name)]?.[measure];
      const strength = value === null || value === undefined ? 0 : Math.max(0, 1 - value) ** 1.5;
      const one = button(written(value).replace(" %", ""), () => this.page.view(this.number, name), { "aria-pressed": String(name === this.record.view), "data-key": `grid${this.number}${name}`, "aria-label": `layer ${layer}, head ${head}: ${said} ${written(value)}` });
      one.style.background = colours.weight(strength);
      one.style.color = colours.onWeight(strength);
      return element("td", {}, one);
    };
    return element("details", { class: "heads", open: this.page.look.heads, ontoggle: (event) => this.page.heads(event.target.open) },
      element("summary", {}, gold ? "Wrong links in every layer and head, in %" : "Spread in every layer and head"),
      element("div", { class: "scrolls" }, element("table", {},
        element("thead", {}, element("tr", {}, element("th", {}, ""), ways(heads).map((head) => element("th", { scope: "col" }, head === "mean" ? "mean" : `head ${head}`)))),
        element("tbody", {}, ways(layers).map((layer) => element("tr", {}, element("th", { scope: "row" }, layer === "mean" ? "mean" : `layer ${layer}`), ways(heads).map((head) => cell(layer, head))))))));
  }

  draw() {
    if (!this.record) return;
    this.picture.draw({ ...this.page.look, width: Math.max(230, this.node.clientWidth - 34) });
    this.light(this.page.pointer.row, this.page.pointer.column);
  }

  paper() {
    const { record, run } = this;
    const numbers = NUMBERS.filter(([name]) => record.numbers[name] !== undefined && record.numbers[name] !== null).map(([name, label, written]) => `${label} ${written(record.numbers[name])}`);
    const lines = [`${record.model} · ${run.config}`, record.described];
    return this.picture.paper({ title: runTitle(run), lines, notes: [numbers.slice(0, 3).join(" · "), numbers.slice(3).join(" · ")] }, this.page.look);
  }

  /** The words of a file name of this picture. */
  named() {
    return [this.run.title, this.record.view, ...this.record.source.slice(0, 5)];
  }

  light(row, column) {
    if (this.record) this.picture.light(row, column);
  }
}

/** What a model wrote, as it is printed; it is copied as the model wrote it. */
function translation(text, language) {
  if (!text) return element("q", {}, "(nothing)");
  return element("q", { lang: language ?? null, oncopy: (event) => copyRaw(event, text, language) }, printed(text, language));
}
