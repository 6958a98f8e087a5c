// Where it looks: a picture, one or more classifiers, and where each of them looked.

import { alone, gallery, look, patiently } from "./backend.js";
import { chosenIn, saidOfRuns, SideBySide } from "./chosen.js";
import { button, element, keepingFocus, segments } from "./dom.js";
import { LookPanel } from "./look_panel.js";
import { publication } from "./panel.js";
import { pairOf } from "./translate.js";

export class WhereItLooks extends SideBySide {
  most = 3;
  Panel = LookPanel;

  constructor(overview, address) {
    super(overview, address);
    this.file = null;
    this.node = element("div", { class: "view looks" });
    this.untrained = element("div", { class: "missing" });
    this.choose = this.chooser();
    this.node.append(this.lost, this.untrained, this.choose, this.trouble, this.bar, this.status, this.switch, this.row);
  }

  trained() {
    return this.overview.runs.filter((run) => this.overview.classifiers.includes(run.paper) && run.ready);
  }

  /** The classifiers trained here, then the published ones. */
  models() {
    return [...this.trained(), ...this.overview.published];
  }

  /** {names, views, gone}: what the address names, or the newest classifier. */
  get chosen() {
    const known = new Set(this.models().map((run) => run.name));
    return chosenIn(this.address.state, known, () => pairOf(this.trained()).slice(-1));
  }

  /** The style of the picture, and the patch that is followed. */
  get look() {
    const { style, patch } = this.address.state;
    const [row, column] = (patch ?? "").split(" ").map(Number);
    return { style: ["map", "mask"].includes(style) ? style : "over", patch: patch ? { row, column } : null };
  }

  /** The place to drop a picture, and the gallery. */
  chooser() {
    this.input = element("input", { type: "file", accept: "image/*", id: "file", onchange: (event) => event.target.files.length && this.take(event.target.files[0]) });
    this.mine = element("b");
    this.place = element("label", { class: "drop", for: "file" }, this.mine, element("span", {}, `or tap to choose a file or take a photo. It stays ${alone ? "in this browser" : "on this machine"}.`), this.input);
    this.gallery = element("div", { class: "gallery", role: "group", "aria-label": "Pictures to look at" });
    return element("div", { class: "choose" }, this.place, this.gallery);
  }

  /** Marks the place to drop while files are over the window. */
  hover(over) {
    this.place.classList.toggle("over", over);
  }

  /** Files that were dropped anywhere on the page. */
  drop(files) {
    if (!files.length || !this.runs.length) return;
    this.input.value = "";
    this.take(files[0]);
  }

  /** The first model's pictures on offer, and the one to begin with: a picture that it answers correctly. */
  async fillGallery(left) {
    const { scenes, begins } = await gallery({ run: this.runs[0].name }).catch(() => ({ scenes: [], begins: "test 0" }));
    if (left() || scenes === this.scenes) return; // the same answer is the same object
    this.scenes = scenes;
    this.begins = begins;
    const one = ({ name, label, image }) => button(element("img", { src: image, alt: label, width: 48, height: 48 }), () => this.address.set({ scene: name, picture: null, patch: null, speaks: null }), { "data-scene": name, "data-key": `scene ${name}`, title: label });
    keepingFocus(this.gallery, () => this.gallery.replaceChildren(...scenes.map(one)));
  }

  mark() {
    const { picture } = this.address.state;
    if (!picture) this.input.value = ""; // so that the same file can be chosen again
    this.mine.textContent = picture && this.file ? this.file.name : "Drop a picture here";
    this.place.classList.toggle("lit", Boolean(picture && this.file));
    for (const one of this.gallery.children) one.setAttribute("aria-pressed", String(!this.address.state.picture && one.dataset.scene === this.scene));
  }

  /** The picture that the address names, where the first model has it. */
  get scene() {
    const { scene } = this.address.state;
    const offered = !this.scenes?.length || this.scenes.some(({ name }) => name === scene);
    return offered && scene ? scene : this.begins;
  }

  /** Reads a file at once: it may be a folder, and change or go before the next model is asked. */
  async take(file) {
    const most = this.overview.limits.bytes;
    if (file.size > most) {
      this.say(`${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MiB; the page takes at most ${most / 2 ** 20}.`);
      return;
    }
    const { turn } = this;
    const bytes = await file.arrayBuffer().catch(() => null);
    if (turn !== this.turn) return;
    if (!bytes) {
      this.say(`${file.name} cannot be read: choose the file of a picture.`);
      return;
    }
    this.file = new File([bytes], file.name, { lastModified: file.lastModified });
    this.address.set({ picture: `${file.name} ${file.size} ${file.lastModified}`, scene: null, patch: null, speaks: null });
  }

  /** The answer of a run; a dropped file is identified by name, size and time. */
  async answer(run) {
    const { picture = null, speaks = null } = this.address.state;
    if (picture && !this.file) throw new Error("This link shows a picture of your own, which the page does not keep: drop it again.");
    return look({ run: run.name, scene: picture ? null : this.scene, picture, speaks }, picture ? this.file : null);
  }

  async refresh() {
    const turn = ++this.turn;
    const left = () => turn !== this.turn;
    const runs = this.runs;
    this.settings();
    this.say("");
    this.lost.textContent = saidOfRuns(this.chosen.gone);
    this.lost.hidden = !this.lost.textContent;
    this.makePanels(runs.length);
    this.node.setAttribute("aria-busy", String(runs.length > 0));
    if (!runs.length) return;
    await this.fillGallery(left);
    if (left()) return;
    this.mark();
    const nothing = !this.scene && !this.address.state.picture; // to look at, yet
    this.row.hidden = nothing;
    if (nothing) {
      this.node.setAttribute("aria-busy", "false");
      return;
    }
    const answered = await Promise.all(runs.map((run, i) => this.askOne(run, i, left)));
    if (left()) return;
    this.node.setAttribute("aria-busy", "false");
    this.announce(answered.some(Boolean) ? "Answered." : "");
  }

  /** Shows the answer of a run, and until then the reason for waiting; whether there is an answer. */
  async askOne(run, i, left) {
    const panel = this.panels[i];
    const hear = (text) => {
      this.node.setAttribute("aria-busy", "false"); // what changes in a busy part is not read out
      this.announce(`Waiting for ${run.title}.`);
      keepingFocus(panel.node, () => panel.wait(run, text));
    };
    const answer = await patiently(() => this.answer(run), hear, left).catch((error) => error);
    if (left()) return false;
    const within = panel.node.contains(document.activeElement);
    keepingFocus(panel.node, () => panel.show(run, answer, this.views[i]));
    this.redraw();
    if (within && document.activeElement === document.body) panel.frame.focus({ preventScroll: true });
    return !(answer instanceof Error);
  }

  /** Stops asking, since another view is shown. */
  leave() {
    this.turn++;
  }

  /** Writes the status, which screen readers read out; the same words only once. */
  announce(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** The text while no classifier is trained. */
  explain() {
    if (alone) {
      this.untrained.replaceChildren(element("h2", {}, "There is no classifier here"), element("p", {}, "This page was written with translators alone."));
      return;
    }
    const [offer] = this.overview.published;
    const take = () => {
      this.address.set({ runs: offer.name });
      this.choose.querySelector("input")?.focus();
    };
    this.untrained.replaceChildren(
      element("h2", {}, "No classifier is trained yet"),
      element("p", {}, "Train one on the embedded pictures, in another window, from the project’s folder; it appears here by itself:"),
      element("p", {}, element("code", { class: "command" }, "make train-vit"), " ViT, Dosovitskiy et al. (2021); some minutes on two cores"),
      offer ? element("p", {}, `Or look at your own picture with ${offer.title}: ${publication(offer)}. The picture stays on this machine.`) : "",
      offer ? button(`Use the published ${offer.title}`, take, { class: "main", "data-key": "published" }) : "");
  }

  settings() {
    const none = !this.runs.length;
    this.untrained.hidden = !none;
    for (const part of [this.choose, this.bar, this.status]) part.hidden = none;
    if (none) {
      this.explain();
      return;
    }
    const free = this.trained().filter((run) => !this.runs.includes(run));
    const offers = this.runs.length >= this.most ? [] : this.overview.published.filter((one) => !this.runs.includes(one));
    keepingFocus(this.bar, () => this.bar.replaceChildren(
      segments("Drawing", [["over", "map over picture"], ["map", "map alone"], ["mask", "60 % mask"]], this.look.style, (style) => this.address.set({ style: style === "over" ? null : style })),
      this.look.patch ? button("Back to the class", () => this.address.set({ patch: null }), { "data-key": "back" }) : "",
      this.runs.length < this.most && free.length ? button("Add a model", () => this.address.set({ runs: [...this.runs, free[0]].map((run) => run.name).join(",") }), { "data-key": "add" }) : "",
      ...offers.map((one) => button(`Add the published ${one.title}`, () => this.address.set({ runs: [...this.runs, one].map((run) => run.name).join(",") }), { "data-key": `add ${one.name}`, title: publication(one) }))));
  }

  redraw() {
    for (const panel of this.panels) panel.draw(panel.drawnView);
  }

  run(number, name) {
    const names = this.runs.map((run) => run.name);
    names[number] = name;
    this.address.set({ runs: names.join(","), views: null, patch: null, speaks: null });
  }

  remove(number) {
    this.address.set({ runs: this.runs.map((run) => run.name).filter((_, i) => i !== number).join(",") || null, views: null });
  }

  /** Removes the panel that is waiting; the server continues, and has the weights next time. */
  leaveOut(number) {
    this.remove(number);
    this.node.querySelector("[data-key=published], [data-key^='add ']")?.focus();
  }
}
