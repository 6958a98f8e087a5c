// The page: its views, and what they share.

import { format, parse } from "./address.js";
import { alone, overview as begin } from "./backend.js";
import { button, element } from "./dom.js";
import { isNight, onNightChange, setRamps } from "./inks.js";
import { WhereItLooks } from "./look.js";
import { FiveSteps } from "./steps.js";
import { Timeline } from "./timeline.js";
import { pairOf, ThenAndNow } from "./translate.js";

const LOOK_AGAIN = 10_000; // milliseconds after which new runs are looked for
const WITH_SERVER = ["Everything is computed on this machine. Published weights are fetched only if you ask for them; the page loads nothing else."];
const WITHOUT_SERVER = ["Everything is computed in this browser: what you type or drop is sent nowhere. Runs of your own, views that need gradients and the five steps inside a trained model: ", element("code", { class: "command" }, "make page"), " in the project."];

const address = {
  view: "",
  state: {},
  set(changes) {
    views.current?.settle?.();
    Object.assign(this.state, changes);
    for (const [name, value] of Object.entries(this.state)) if (value === null || value === undefined) delete this.state[name];
    for (const name of Object.keys(this.state)) this.state[name] = String(this.state[name]);
    history.replaceState(null, "", format(this.view, this.state));
    views.states.set(this.view, this.state);
    markTabs();
    views.current?.refresh();
  },
};
const views = { current: null, made: new Map(), states: new Map() }; // by name: how each was left
let overview = null;

/** The views that can be shown now: name -> [title, what it shows, how it is made]. @returns {Map<string, [string, string, () => any]>} */
function available() {
  return new Map([
    ["then-and-now", ["Then and now", "Each row is a word that a translator writes; the stronger a square, the more it looked at the English word above.",
      () => (translators().length ? new ThenAndNow(overview, address) : new Missing())]],
    ["where-it-looks", ["Where it looks", "A network names the object in a picture; the brighter a patch, the more it looked there for its answer.",
      () => new WhereItLooks(overview, address)]],
    ["five-steps", ["Five steps", "Scaled dot-product attention, computed step by step with numbers that are made up for teaching: change any of them.",
      () => new FiveSteps(overview, address)]],
    ["timeline", ["Timeline", "One sentence under every kind of attention, each trained in the same translator, in order of year.",
      () => new Timeline(overview, address)]],
  ]);
}

function lookers() {
  return overview.runs.filter((run) => overview.classifiers.includes(run.paper) && run.ready);
}

function translators() {
  return pairOf(overview.runs.filter((run) => overview.translators.includes(run.paper)));
}

/** The view while no translator is trained. */
class Missing {
  constructor() {
    const command = (text) => element("code", { class: "command" }, text);
    const waiting = overview.runs.filter((run) => !run.ready);
    this.node = element("div", { class: "view missing" },
      element("h2", {}, "No translator is trained yet"),
      element("p", {}, "In another window, from the project’s folder:"),
      element("ul", {},
        element("li", {}, command("make train-bahdanau"), " then: RNNsearch, Bahdanau, Cho and Bengio (2014); some minutes on two cores"),
        element("li", {}, command("make train-transformer"), " now: the Transformer, Vaswani et al. (2017); some minutes more"),
        element("li", {}, command("make train-vit"), " for pictures: ViT, Dosovitskiy et al. (2021); ", element("a", { href: "#where-it-looks" }, "Where it looks"), " works with published weights, too")),
      element("p", {}, "This page looks for runs every ten seconds, and shows a run once its first validation is over. It looks in ", command(overview.folder), "."),
      waiting.length ? element("p", { class: "note" }, `Begun, but not validated yet: ${waiting.map((run) => run.name).join(", ")}.`) : "",
      element("p", {}, element("a", { href: "#five-steps" }, "Five steps"), " needs no run: it computes attention by hand."));
  }

  refresh() {}

  redraw() {}
}

const tabs = element("nav", { "aria-label": "Views", onclick: () => views.current?.settle?.() });
const body = element("main", { id: "main", tabindex: -1 });
const lead = element("p", { class: "lead" });
const notice = element("p", { class: "notice", role: "status", hidden: true });

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

/** Links each tab to its view with its last settings. */
function markTabs() {
  for (const tab of tabs.children) {
    const { view } = tab.dataset;
    tab.href = format(view, views.states.get(view) ?? {});
    if (view === address.view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

function show() {
  const { view, state } = parse(location.hash);
  const known = available();
  address.view = known.has(view) ? view : "then-and-now";
  address.state = state;
  const [title, says, make] = known.get(address.view);
  if (view && !known.has(view)) say(`This link names a view that is not here: ${view.slice(0, 40)}. ${title} is shown.`);
  views.states.set(address.view, state);
  if (!tabs.children.length) tabs.append(...[...known].map(([name, [text]]) => element("a", { "data-view": name }, text)));
  markTabs();
  document.title = address.view === "then-and-now" ? "Attention, then and now" : `${title} · Attention, then and now`;
  if (!views.made.has(address.view)) views.made.set(address.view, make());
  const next = views.made.get(address.view);
  if (views.current !== next) {
    views.current?.leave?.();
    lead.textContent = says;
    body.replaceChildren(lead, next.node);
  }
  views.current = next;
  next.refresh();
}

/** Shows new runs without a reload. */
async function lookAgain() {
  const latest = await begin().catch(() => null);
  if (!latest) return;
  const listed = ({ runs }) => JSON.stringify(runs.map((run) => [run.name, run.ready, run.finished]));
  if (overview.timeline !== latest.timeline) {
    overview.timeline = latest.timeline;
    if (address.view === "timeline") views.current.refresh();
  }
  const same = listed(overview) === listed(latest);
  const had = { translators: translators().length > 0, lookers: lookers().length > 0 };
  Object.assign(overview, latest);
  if (same) return;
  if (!had.translators || had.lookers !== lookers().length > 0) {
    if (!had.translators) views.made.delete("then-and-now");
    show();
  } else {
    say("There are new runs: choose them in the panels.");
    views.current.settings?.();
    for (const panel of views.current.panels ?? []) panel.relist(views.current.models());
  }
}

/** Copies the link to this view; if the browser forbids that, shows it in a box to copy from. */
async function copyLink({ currentTarget }) {
  views.current?.settle?.();
  try {
    await navigator.clipboard.writeText(location.href); // without https there is no clipboard
    currentTarget.textContent = "Copied";
    setTimeout(() => { currentTarget.textContent = "Copy link"; }, 2000);
  } catch {
    const box = element("input", { type: "text", readonly: true, value: location.href, "aria-label": "The link to this view", class: "link" });
    say("Copy the link from here:");
    notice.append(" ", box);
    box.select();
  }
}

/** Keeps the browser from opening a dropped file, and gives it to the view. */
function catchFiles() {
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const caught = (listener) => (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    listener(event);
  };
  window.addEventListener("dragover", caught(() => views.current?.hover?.(true)));
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) views.current?.hover?.(false); });
  window.addEventListener("drop", caught((event) => {
    views.current?.hover?.(false);
    views.current?.drop?.([...event.dataTransfer.files]);
  }));
}

function tools() {
  const link = button("Copy link", copyLink, { id: "copy" });
  const theme = button("", () => {
    document.documentElement.dataset.theme = isNight() ? "light" : "dark";
    named();
    views.current?.redraw();
  }, { id: "theme" });
  const named = () => { theme.textContent = isNight() ? "Light" : "Dark"; };
  named();
  onNightChange(() => { named(); views.current?.redraw(); });
  return element("div", { class: "tools", "aria-live": "polite" }, link, theme);
}

async function start() {
  document.body.append(
    element("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); body.focus(); } }, "To the content"),
    element("header", { class: "top" }, element("h1", {}, "Attention, ", element("em", {}, "then and now")), tabs, tools()),
    notice, body,
    element("footer", {}, ...(alone ? WITHOUT_SERVER : WITH_SERVER)));
  try {
    overview = await begin();
  } catch (error) {
    body.append(element("p", { class: "problem", role: "alert" }, error.message));
    return;
  }
  setRamps(overview.colours);
  const refused = Object.entries(overview.refused);
  if (refused.length) say(`${refused.length === 1 ? "One folder is" : `${refused.length} folders are`} not shown: ${refused.slice(0, 3).map(([name, why]) => `${name} (${why})`).join("; ")}.`);
  window.addEventListener("fetching", (/** @type {any} */ { detail }) => say(detail));
  window.addEventListener("hashchange", show);
  catchFiles();
  let width = window.innerWidth;
  let timer = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(timer);
    timer = setTimeout(() => views.current?.redraw(), 150);
  });
  if (!alone) setInterval(lookAgain, LOOK_AGAIN);
  show();
}

start();
