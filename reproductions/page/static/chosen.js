// The runs that a link names, each in a view; the page says which of them are gone.

import { element, keepingFocus, segments } from "./dom.js";

/** {names, views, gone} of a link's state: runs that are not `known` are gone; `otherwise()` names runs if none is left. */
export function chosenIn(state, known, otherwise) {
  const asked = (state.runs ?? "").split(",").filter(Boolean);
  const views = (state.views ?? "").split(",");
  const here = asked.map((name, i) => [name, views[i] ?? ""]).filter(([name]) => known.has(name));
  const gone = asked.filter((name) => !known.has(name));
  if (!here.length) return { names: otherwise(), views: asked.length ? [] : views, gone };
  return { names: here.map(([name]) => name), views: here.map(([, view]) => view), gone };
}

/** One sentence for the runs of a link that are gone; "" for none. */
export function saidOfRuns(gone) {
  if (!gone.length) return "";
  const they = gone.length > 1 ? "runs that are" : "a run that is";
  return `This link names ${they} not here: ${gone.join(", ")}. Other runs are shown.`;
}

/** One sentence for a view that a model does not have. */
export function saidOfView(run, view) {
  return `This link names a view that ${run.title} does not have: ${view}. Its usual view is shown.`;
}

/**
 * A view of several models side by side. `address` is {state, set(changes)}; what is shown follows from its state alone. A subclass
 * has `models()`, what of them is `chosen`, `redraw()`, `most` panels at once, and their class, `Panel`.
 */
export class SideBySide {
  most = 1;
  /** @type {any} */
  Panel;
  panels = [];
  front = 0; // the panel that a phone shows
  turn = 0; // of the questions; answers to an earlier one are dropped
  trouble = element("p", { class: "problem", role: "alert", hidden: true });
  status = element("p", { class: "status", "aria-live": "polite" });
  lost = element("p", { class: "note lost", role: "status", hidden: true });
  bar = element("div", { class: "row bar" });
  switch = element("div", { class: "switch" });
  row = element("div", { class: "panels" });

  constructor(overview, address) {
    this.overview = overview;
    this.address = address;
  }

  /** @returns {any[]} */
  models() {
    return [];
  }

  /** @returns {{names: string[], views: string[], gone: string[]}} */
  get chosen() {
    return { names: [], views: [], gone: [] };
  }

  redraw() {}

  get runs() {
    const known = new Map(this.models().map((run) => [run.name, run]));
    return this.chosen.names.slice(0, this.most).map((name) => known.get(name));
  }

  get views() {
    return this.chosen.views;
  }

  makePanels(count) {
    this.front = Math.min(this.front, Math.max(count - 1, 0));
    while (this.panels.length > count) this.panels.pop().node.remove();
    while (this.panels.length < count) {
      this.panels.push(new this.Panel(this, this.panels.length));
      this.row.append(this.panels.at(-1).node);
    }
    this.bringForward(this.front);
  }

  /** Shows one of the panels on a phone, which has no room for them side by side, and offers the others. */
  bringForward(number) {
    this.front = number;
    this.panels.forEach(({ node }, i) => node.classList.toggle("behind", i !== number));
    this.switch.hidden = this.panels.length < 2;
    const choose = (i) => { this.bringForward(i); this.redraw(); };
    keepingFocus(this.switch, () => this.switch.replaceChildren(segments("Model", this.runs.map((run, i) => [i, `${run.title} ${run.year}`]), number, choose)));
  }

  /** Shows another view of one of the models. */
  view(number, name) {
    const views = this.runs.map((_, i) => this.views[i] ?? "");
    views[number] = name;
    this.address.set({ views: views.join(",") });
  }

  say(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = !text;
  }
}
