// Then and now: one sentence, several translators, their attention side by side over the same target.

import { hasView } from "./aligned.js";
import { align } from "./backend.js";
import { chosenIn, saidOfRuns, saidOfView, SideBySide } from "./chosen.js";
import { button, choice, element, keepingFocus, segments, term, tick } from "./dom.js";
import { legend } from "./legend.js";
import { Panel } from "./panel.js";

const PAUSE = 700; // milliseconds after the last letter

/**
 * The newest run of each paper on the corpus that most papers share, oldest paper first; runs with attention before those
 * without, a paper's own before those that were trained for the timeline or the ladder, finished runs before others.
 */
export function pairOf(runs) {
  const worth = (run) => 4 * run.attends + 2 * run.name.startsWith(`${run.paper}/`) + run.finished;
  const ready = runs.filter((run) => run.ready);
  const best = new Map(); // corpus -> paper -> run
  for (const run of ready) {
    const papers = best.get(run.corpus) ?? best.set(run.corpus, new Map()).get(run.corpus);
    const held = papers.get(run.paper);
    if (!held || worth(run) > worth(held)) papers.set(run.paper, run);
  }
  const trained = (papers) => [...papers.values()].filter((run) => run.finished).length;
  const corpora = [...best].sort(([a, x], [b, y]) => trained(y) - trained(x) || y.size - x.size || Number(b === "accord") - Number(a === "accord"));
  const chosen = new Map();
  for (const [, papers] of corpora) for (const [paper, run] of papers) if (!chosen.has(paper)) chosen.set(paper, run);
  return [...chosen.values()].sort((a, b) => (a.year ?? 0) - (b.year ?? 0)).map((run) => run.name);
}

/** The oldest and the newest of several. */
function thenAndNow(names) {
  return names.length > 2 ? [names[0], names.at(-1)] : names;
}

export class ThenAndNow extends SideBySide {
  most = 4;
  Panel = Panel;
  typing = []; // of each box: takes at once what was typed last

  constructor(overview, address) {
    super(overview, address);
    this.pointer = { row: null, column: null };
    this.node = element("div", { class: "view" });
    this.sentence = element("textarea", { id: "sentence", rows: 2, spellcheck: "false", maxlength: 20000, "aria-describedby": "trouble" });
    this.target = element("textarea", { id: "target", rows: 2, spellcheck: "false", maxlength: 20000, "aria-label": "What all models are made to write", "aria-describedby": "trouble" });
    this.trouble.id = "trouble";
    this.unknown = element("p", { class: "unknown", role: "status", hidden: true });
    this.above = element("div", { class: "ask" });
    this.more = element("p", {});
    this.node.append(this.above, this.trouble, this.lost, this.status, this.switch, this.row, this.more,
      element("p", { class: "note" }, "A large weight says where a model read, not why it wrote what it wrote (Jain and Wallace 2019; Wiegreffe and Pinter 2019)."));
    this.write();
  }

  models() {
    return this.overview.runs.filter((run) => this.overview.translators.includes(run.paper) && run.ready);
  }

  get look() {
    const { show, gold, heads } = this.address.state;
    return { kind: show === "links" ? "links" : "map", gold: gold !== "0", heads: heads === "1" };
  }

  /** {names, views, gone}: what the address names, or the oldest and the newest paper. */
  get chosen() {
    const known = new Set(this.models().map((run) => run.name));
    return chosenIn(this.address.state, known, () => thenAndNow(pairOf(this.models())));
  }

  /** [corpus, sentences] to take from, those of the runs that are shown first. */
  get examples() {
    const shown = this.runs.map((run) => run.examples);
    const all = Object.entries(this.overview.examples).filter(([, sentences]) => sentences.length);
    const place = (/** @type {[string, any]} */ [corpus]) => (shown.includes(corpus) ? shown.indexOf(corpus) : shown.length);
    return all.sort((a, b) => place(a) - place(b));
  }

  /** What is asked: the sentence, and where the shared target comes from. */
  get asked() {
    const { s, t, over } = this.address.state;
    const sentence = s ?? this.examples[0][1][0].source;
    const fixed = this.examples.flatMap(([, sentences]) => sentences).find((one) => one.source === sentence);
    return { sentence, typed: t ?? "", over: over ?? (fixed ? "reference" : "own"), fixed };
  }

  /** Takes what is being typed, before anything else changes or is left. */
  settle() {
    for (const take of this.typing) take();
  }

  /** The boxes above; made once, so that typing is never interrupted. */
  write() {
    this.pick = element("span", { class: "picks" });
    const type = (box, change) => {
      let timer = 0;
      const now = () => { clearTimeout(timer); timer = 0; change(box.value); };
      this.typing.push(() => timer && now());
      box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(now, PAUSE); });
      box.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); now(); } });
      return now;
    };
    const read = type(this.sentence, (s) => { if (s !== this.asked.sentence) this.address.set({ s, t: null, over: null }); else this.refresh(); });
    type(this.target, (t) => this.address.set({ t, over: "typed" }));
    this.over = element("div", { class: "over" });
    this.above.append(
      element("div", { class: "box" }, element("label", { for: "sentence" }, "Sentence"), this.sentence, this.unknown,
        element("div", { class: "row" }, button("Translate", read, { class: "main", id: "translate" }), this.pick)),
      element("div", { class: "box explains" },
        term("What they write", "To be compared square by square, all models are made to write the same words: the reference of the list, the answer of one of them, or words that you type. “Each its own” shows every model with its own answer."),
        this.over, this.target, this.bar));
  }

  /** Where the target comes from, and how it is drawn. */
  settings() {
    const { fixed, over } = this.asked;
    const runs = this.runs;
    const answers = runs.map((run, i) => [String(i), `${run.title}’s`]);
    keepingFocus(this.over, () => this.over.replaceChildren(segments("Target", [...(fixed ? [["reference", "reference"]] : []), ["own", "each its own"], ...answers, ["typed", "typed"]], over, (chosen) => this.writeOver(chosen))));
    this.target.hidden = over !== "typed";
    const lists = this.examples.map(([corpus, sentences]) => ({ label: corpus, options: sentences.map(({ source }) => [source, source]) }));
    const take = (source) => source && this.address.set({ s: source, t: null, over: null });
    keepingFocus(this.pick, () => this.pick.replaceChildren(choice("Or take one", [["", "…"], ...lists], fixed?.source ?? "", take, { id: "pick", "data-key": "pick" })));
    const [language, other] = runs[0].languages;
    this.sentence.lang = language;
    this.target.lang = other;
    const free = this.models().filter((run) => !runs.includes(run));
    keepingFocus(this.bar, () => this.bar.replaceChildren(
      segments("Drawing", [["map", "heat map"], ["links", "links"]], this.look.kind, (show) => this.address.set({ show: show === "map" ? null : show })),
      element("span", { class: "ofgold" }, tick("gold links", this.look.gold, (on) => this.address.set({ gold: on ? null : "0" }), { "data-key": "gold" })),
      legend(this.look.kind)));
    keepingFocus(this.more, () => this.more.replaceChildren(runs.length < this.most && free.length
      ? button("Add a model", () => this.address.set({ runs: [...runs, free[0]].map((run) => run.name).join(",") }), { "data-key": "add" }) : ""));
  }

  /** Shows the models over another target; one that is typed begins as the one before. */
  writeOver(over) {
    this.address.set({ over, t: over === "typed" ? this.target.value : null });
    if (over === "typed") this.target.focus();
  }

  /** Asks what the address says, and shows it. */
  async refresh() {
    const turn = ++this.turn;
    const { sentence, over, typed, fixed } = this.asked;
    const runs = this.runs;
    if (document.activeElement !== this.sentence) this.sentence.value = sentence;
    this.settings();
    this.makePanels(runs.length);
    this.row.dataset.count = runs.length;
    this.say("");
    const problem = this.problem(sentence);
    this.row.hidden = Boolean(problem); // no picture that could be taken for an answer
    this.sayUnknown(runs, []);
    if (problem) {
      this.say(problem);
      this.status.textContent = "";
      this.node.setAttribute("aria-busy", "false");
      return undefined;
    }
    this.node.setAttribute("aria-busy", "true");
    const own = await this.all(runs, (run) => ({ run: run.name, text: sentence, target: null }));
    if (turn !== this.turn) return undefined;
    let target = over === "typed" ? typed : over === "reference" ? fixed?.target : own[Number(over)]?.text;
    if (over === "own") target = null;
    if (target !== null && document.activeElement !== this.target) this.target.value = target ?? "";
    if (target === null) this.target.value = "";
    const shared = target === null || !target?.trim() ? own : await this.all(runs, (run) => ({ run: run.name, text: sentence, target }));
    if (turn !== this.turn) return undefined;
    this.node.setAttribute("aria-busy", "false");
    this.pointer = { row: null, column: null };
    runs.forEach((run, i) => this.fill(i, run, own[i], shared[i], fixed));
    this.redraw();
    this.sayUnknown(runs, own);
    this.sayLost(runs, shared);
    this.bar.dataset.gold = String(shared.some((answer) => answer.gold));
    this.status.textContent = "Answered.";
    return undefined;
  }

  fill(i, run, own, shared, fixed) {
    const panel = this.panels[i];
    panel.number = i;
    const wrong = own instanceof Error ? own : shared instanceof Error ? shared : null;
    keepingFocus(panel.node, () => {
      if (wrong) panel.fail(run, this.models(), wrong.message);
      else panel.show({ run, runs: this.models(), answer: shared, own: { text: own.text, same: fixed?.target === own.text }, view: this.views[i], removable: this.runs.length > 1 });
    });
  }

  /** The answers of all runs; an Error in the place of one that failed. */
  all(runs, body) {
    return Promise.all(runs.map((run) => align(body(run)).catch((error) => error)));
  }

  problem(sentence) {
    const { letters, words } = this.overview.limits;
    if (!sentence.trim()) return "Type a sentence, or take one from the list.";
    if (sentence.length > letters) return `The sentence has ${sentence.length.toLocaleString("en")} characters; the page takes at most ${letters.toLocaleString("en")}.`;
    const count = sentence.trim().split(/\s+/).length;
    return count > words ? `The sentence has ${count.toLocaleString("en")} words; the page takes at most ${words}.` : "";
  }

  /** The words that the models do not know, under the sentence. */
  sayUnknown(runs, answers) {
    const by = new Map(); // what the server says -> the models
    answers.forEach(({ unknown }, i) => unknown?.named && by.set(unknown.named, [...(by.get(unknown.named) ?? []), runs[i].title]));
    const texts = [...by].map(([text, titles]) => (titles.length === runs.length ? text : `${titles.join(", ")}: ${text}`));
    this.unknown.textContent = [...texts, "Every word of the sentences in the list is known."].join(" ");
    this.unknown.hidden = !texts.length;
  }

  /** What the link names and what is not here. */
  sayLost(runs, answers) {
    const { gone, views } = this.chosen;
    const without = runs.filter((_, i) => answers[i].views?.length && !hasView(answers[i], views[i]));
    const sentences = [saidOfRuns(gone), ...without.map((run) => saidOfView(run, views[runs.indexOf(run)]))].filter(Boolean);
    this.lost.textContent = sentences.join(" ");
    this.lost.hidden = !sentences.length;
  }

  /** Redraws without asking anything: another width, another light. */
  redraw() {
    for (const panel of this.panels) panel.draw();
  }

  // What panels report.

  point(row, column) {
    if (row === this.pointer.row && column === this.pointer.column) return;
    this.pointer = { row, column };
    for (const panel of this.panels) panel.light(row, column);
  }

  run(number, name) {
    const names = this.runs.map((run) => run.name);
    names[number] = name;
    const views = this.runs.map((_, i) => (i === number ? "" : this.views[i] ?? ""));
    this.address.set({ runs: names.join(","), views: views.join(",") });
  }

  remove(number) {
    const left = (list) => list.filter((_, i) => i !== number).join(",");
    this.address.set({ runs: left(this.runs.map((run) => run.name)), views: left(this.runs.map((_, i) => this.views[i] ?? "")), over: null, t: null });
  }

  heads(open) {
    if (open !== this.look.heads) this.address.set({ heads: open ? "1" : null });
  }
}
