// One classifier's picture: where it looked, its classes, its heads.

import { hasView } from "./aligned.js";
import { alone } from "./backend.js";
import { saidOfView } from "./chosen.js";
import { button, choice, decimal, element, measured, percent, shape, term } from "./dom.js";
import { exportButtons } from "./exporting.js";
import { FAMILY, inks } from "./inks.js";
import { legend } from "./legend.js";
import { heading, isPublished, runOptions } from "./panel.js";
import { captions } from "./paper.js";
import { stepOf } from "./picture.js";
import { border, fromPatch, highest, mapOf, maskPatches, partsOf, veil } from "./seen.js";

const FRAME = 900; // milliseconds a layer is shown
const LISTED = 10; // patches in the table beside the picture
const LISTED_CLASSES = 20; // classes that are named one by one
const ATTENTION = "The network answers from one token that reads the patches. These are the weights with which it reads them, in one layer and head, or on average over heads.";
const KINDS = { // name -> [label, meaning]
  rollout: ["rollout", "Attention multiplied through all layers: how much of each patch can reach the answer (Abnar and Zuidema 2020)."],
  gradient_rollout: ["gradient-weighted rollout", "Attention through all layers, each head as far as it speaks for the class (Chefer et al. 2021). Choose another class to see what speaks for that."],
  gradient_rollout_smoothed: ["gradient-weighted, smoothed", "The gradient-weighted rollout, averaged over neighbouring patches."],
  grad_cam: ["Grad-CAM", "Which of the last features speak for the class, and where (Selvaraju et al. 2017)."],
  input_gradient: ["gradient × input", "How much each pixel changes the answer. It uses no attention: a control."],
};
const MEASURED = [
  ["auroc", "finds the object (AUROC)", "Chance that a patch of the object is brighter than one of the ground: 0.5 is blind, 1 perfect."],
  ["energy_gain", "focus (energy gain)", "How much more of the map lies on the object than on as large a part of the picture anywhere: 1 is blind."],
  ["iou60", "overlap (IoU)", "How well the brightest patches, which hold 60 % of the map, cover the object and nothing else: 1 is perfect."],
];

/** One model's picture, its classes, its heads. */
export class LookPanel {
  constructor(page, number) {
    this.page = page;
    this.number = number;
    this.timer = 0;
    this.node = element("section", { class: "panel look", "aria-label": `Model ${number + 1}` });
    this.frame = element("div", { class: "frame", tabindex: 0, role: "application", "data-key": `frame${number}` });
    this.readout = element("p", { class: "readout idle", "aria-live": "polite" });
    this.cursor = null;
    this.frame.addEventListener("pointermove", (event) => this.point(this.spot(event)));
    this.frame.addEventListener("pointerleave", () => this.point(null));
    this.frame.addEventListener("click", (event) => this.follow(this.spot(event)));
    this.frame.addEventListener("keydown", (event) => this.walk(event));
  }

  /** The model's name, and the button to remove it. */
  head(run) {
    this.stop();
    this.run = run;
    this.answer = null;
    this.node.dataset.run = run.name;
    return heading(run, this.page.runs.length > 1 ? button("×", () => this.page.remove(this.number), { class: "quiet", "aria-label": `Remove ${run.title}`, "data-key": `remove${this.number}` }) : "");
  }

  /** The list of models. */
  chooser(models) {
    this.list = choice("Run", runOptions(models), this.run.name, (name) => this.page.run(this.number, name), { "data-key": `run${this.number}` });
    return this.list;
  }

  /** Renews the list of models. */
  relist(models) {
    if (this.run && !this.list.contains(document.activeElement)) this.list.replaceWith(this.chooser(models));
  }

  /** The server's progress while there is no answer yet. The parts stay, so that nobody loses the focus. */
  wait(run, text) {
    if (this.waiting?.isConnected && this.run === run) {
      this.waiting.firstChild.textContent = text;
      return;
    }
    this.waiting = element("div", { class: "waiting row" }, element("p", {}, text),
      button("Stop waiting", () => this.page.leaveOut(this.number), { "data-key": `wait${this.number}` }));
    this.node.replaceChildren(this.head(run), this.chooser(this.page.models()), this.waiting);
  }

  /** Shows an answer without its picture, which is drawn once all panels stand. */
  show(run, answer, view) {
    const head = this.head(run);
    if (answer instanceof Error) {
      this.node.replaceChildren(head, this.chooser(this.page.models()), element("p", { class: "problem", role: "alert" }, answer.message),
        isPublished(run) ? element("div", { class: "row" }, button("Try again", () => this.page.refresh(), { "data-key": `wait${this.number}` })) : "");
      return;
    }
    this.answer = answer;
    this.view = mapOf(answer, view).name;
    this.drawnView = this.view;
    const lost = hasView(answer, view) ? "" : element("p", { class: "note lost", role: "status" }, saidOfView(run, view));
    this.node.replaceChildren(head, lost,
      element("div", { class: "sides", "data-gold": String(Boolean(answer.covered)) },
        element("div", {}, this.frame, this.readout, legend("look")),
        element("div", { class: "beside" }, this.verdict(), this.classes(), this.controls(), this.numbers(), this.heads(), this.chooser(this.page.models()), this.table(), this.exports())));
    this.named();
  }

  /** The picture in words, for screen readers. */
  named() {
    const { name, grid } = this.answer;
    const map = this.shown();
    const [[value, row, column]] = highest(map.values, grid, 1);
    this.frame.setAttribute("aria-label", `${name}, ${grid.join(" by ")} patches, ${map.described}. The highest is row ${row + 1}, column ${column + 1}, with ${(100 * value).toFixed(1)} % of the map. Arrow keys move from patch to patch, Enter shows where a patch looks, Escape leaves.`);
  }

  controls() {
    const { views, layers, heads, chosen } = this.answer;
    const parts = partsOf(this.view);
    const single = views.some((name) => partsOf(name).layer);
    const kinds = [...(single ? [["cls", "class token’s attention"]] : []), ...Object.entries(KINDS).filter(([kind]) => views.includes(kind)).map(([kind, [label]]) => [kind, label])];
    const best = alone || isPublished(this.run) ? "The usual view" : "The best view";
    const to = (name) => this.page.view(this.number, name);
    const last = `cls L${layers} H${heads > 1 ? "mean" : 1}`;
    const numbers = (count) => [...(count > 1 ? [["mean", "mean"]] : []), ...Array.from({ length: count }, (_, i) => [i + 1, `${i + 1}`])];
    return element("div", { class: "row controls explains" },
      term(this.view === chosen ? best : "Another view", `${parts.layer ? ATTENTION : KINDS[this.view][1]} ${alone ? "" : "The view that finds objects best was chosen on validation images."}`),
      choice("View", kinds, parts.layer ? "cls" : this.view, (kind) => to(kind === "cls" ? last : kind), { "data-key": `kind${this.number}` }),
      parts.layer && layers > 1 ? choice("Layer", numbers(layers), parts.layer, (layer) => to(`cls L${layer} H${parts.head}`), { "data-key": `layer${this.number}` }) : null,
      parts.layer && heads > 1 ? choice("Head", numbers(heads), parts.head, (head) => to(`cls L${parts.layer} H${head}`), { "data-key": `head${this.number}` }) : null,
      single && layers > 1 ? button(this.timer ? "Stop" : "Play depth", () => (this.timer ? this.stop() : this.play()), { "data-key": `play${this.number}`, class: "play" }) : null,
      this.view === chosen ? null : button("back to the best view", () => to(chosen), { class: "quiet", "data-key": `chosen${this.number}` }),
      alone ? element("p", { class: "note" }, "Views that need gradients, which show the evidence for one class: ", element("code", { class: "command" }, "make page"), " in the project.") : null);
  }

  /** Plays the layers, first to last, then returns to the view. */
  play() {
    const { layers, heads } = this.answer;
    const head = partsOf(this.view).head ?? (heads > 1 ? "mean" : "1");
    let layer = 0;
    const step = () => {
      layer += 1;
      if (layer > layers) { this.stop(); return; }
      this.draw(`cls L${layer} H${head}`);
    };
    this.timer = setInterval(step, FRAME);
    this.node.querySelector(".play").textContent = "Stop";
    step();
  }

  stop() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = 0;
    this.node.querySelector(".play").textContent = "Play depth";
    this.draw();
  }

  /** {values, described, numbers}: of the class, or of the patch that is followed. */
  shown(view = this.view) {
    const map = mapOf(this.answer, view);
    const { patch } = this.page.look;
    const [gh, gw] = this.answer.grid;
    if (!patch || !(patch.row < gh && patch.column < gw)) return map;
    const values = fromPatch(this.answer, view, patch.row * gw + patch.column);
    const { layer } = partsOf(view);
    const sent = layer && this.answer.rows?.heads < this.answer.heads ? `cls L${layer} Hmean` : view; // of a large model, no single head
    const said = layer ? mapOf(this.answer, sent).described : "mean of all layers and heads";
    return values ? { ...map, values, numbers: null, specific: false, described: `from patch row ${patch.row + 1}, column ${patch.column + 1} · ${said}` } : map;
  }

  draw(view = this.view) {
    if (!this.answer) return;
    this.drawnView = view;
    const width = Math.max(220, Math.min(460, this.node.clientWidth - 34));
    this.picture = this.paint(width, this.shown(view));
    this.picture.setAttribute("aria-hidden", "true");
    this.frame.replaceChildren(this.picture);
    this.point(this.cursor);
  }

  /**
   * The picture with its map as SVG, `longest` pixels on its longer side. Of a photo, what the network saw is drawn as sharp as the
   * photo is, and the bars that made it square are left out.
   */
  paint(longest, map, titles = null, colours = inks()) {
    const [gh, gw] = this.answer.grid;
    const { photo } = this.answer;
    const part = this.part;
    const square = longest / Math.max(part.w, part.h); // pixels of all that the network saw
    const [width, height] = [square * part.w, square * part.h];
    const side = { w: square / gw, h: square / gh };
    const top = titles ? 30 + 16 * titles.lines.length : 0;
    const W = titles ? Math.max(width, titles.width) : width;
    const H = top + height + (titles ? 16 * titles.notes.length + 12 : 0);
    const node = shape("svg", { width: W, height: H, viewBox: `0 0 ${W} ${H}`, class: "picture", "font-family": FAMILY });
    const field = shape("svg", { y: top, width, height, viewBox: `${square * part.x} ${square * part.y} ${width} ${height}` });
    if (titles) node.append(shape("rect", { width: W, height: H, fill: colours.paper }), ...captions(titles, colours, top + height + 18));
    const style = this.page.look.style;
    if (style !== "map") field.append(photo
      ? shape("image", { href: photo.image, x: square * part.x, y: square * part.y, width, height, preserveAspectRatio: "none" })
      : shape("image", { href: this.answer.pixels, width, height, "image-rendering": this.answer.size[0] < 128 ? "pixelated" : null }));
    const most = Math.max(...map.values) || 1;
    const held = maskPatches(map.values);
    const cells = shape("g", { "shape-rendering": "crispEdges" });
    map.values.forEach((value, i) => {
      const share = value / most;
      const place = { x: (i % gw) * side.w, y: Math.floor(i / gw) * side.h, width: side.w, height: side.h };
      if (style === "mask") {
        if (!held.has(i)) cells.append(shape("rect", { ...place, fill: "#000000", "fill-opacity": 0.68 }));
      } else cells.append(shape("rect", { ...place, fill: colours.heat(share), "fill-opacity": style === "map" ? 1 : veil(share) }));
    });
    field.append(cells);
    const line = (inside, stroke, thick, dash = null) => {
      const d = border(inside, [gh, gw], side);
      field.append(shape("path", { d, fill: "none", stroke: "#000000", "stroke-opacity": 0.55, "stroke-width": thick + 2 }), shape("path", { d, fill: "none", stroke, "stroke-width": thick, "stroke-dasharray": dash }));
    };
    if (!this.timer) line((r, c) => r >= 0 && c >= 0 && r < gh && c < gw && held.has(r * gw + c), "#ffffff", 1.2);
    const { covered } = this.answer;
    if (covered) line((r, c) => r >= 0 && c >= 0 && r < gh && c < gw && covered[r * gw + c] >= 0.5, colours.outline, 2);
    const { patch } = this.page.look;
    if (patch && this.answer.rows && patch.row < gh && patch.column < gw) field.append(shape("rect", { x: patch.column * side.w, y: patch.row * side.h, width: side.w, height: side.h, fill: "none", stroke: "#ffffff", "stroke-width": 3 }), shape("rect", { x: patch.column * side.w, y: patch.row * side.h, width: side.w, height: side.h, fill: "none", stroke: "#c2185b", "stroke-width": 1.5 }));
    this.marker = shape("rect", { width: side.w, height: side.h, fill: "none", stroke: "#ffffff", "stroke-width": 2, visibility: "hidden", "pointer-events": "none" });
    field.append(this.marker);
    this.side = side;
    node.append(field);
    return node;
  }

  /** The part of the square that the network saw which is drawn: without the bars beside a photo. */
  get part() {
    const [x, y, w, h] = this.answer.photo?.part ?? [0, 0, 1, 1];
    return { x, y, w, h };
  }

  spot(event) {
    const box = this.picture.getBoundingClientRect();
    const [gh, gw] = this.answer.grid;
    const { x, y, w, h } = this.part;
    const row = Math.floor((y + (h * (event.clientY - box.top)) / box.height) * gh);
    const column = Math.floor((x + (w * (event.clientX - box.left)) / box.width) * gw);
    return row >= 0 && column >= 0 && row < gh && column < gw ? { row, column } : null;
  }

  point(place) {
    this.cursor = place;
    if (!this.marker) return;
    this.marker.setAttribute("visibility", place ? "visible" : "hidden");
    this.readout.classList.toggle("idle", !place);
    const layer = this.timer ? `layer ${partsOf(this.drawnView).layer} of ${this.answer.layers}` : "";
    const map = this.shown(this.drawnView);
    if (place) {
      this.marker.setAttribute("x", place.column * this.side.w);
      this.marker.setAttribute("y", place.row * this.side.h);
    }
    const rest = layer ? "" : map.described + (this.answer.rows ? " · click a patch to see where it looks" : "");
    this.readout.textContent = [layer, place ? this.at(place, map.values) : rest].filter(Boolean).join(" · ");
  }

  /** The value of a map at a place, in words. */
  at({ row, column }, values) {
    const [gh, gw] = this.answer.grid;
    const value = values[row * gw + column];
    const object = this.answer.covered ? ` · ${(100 * this.answer.covered[row * gw + column]).toFixed(0)} % object` : "";
    return `row ${row + 1}, column ${column + 1}: ${(100 * value).toFixed(2)} % of the map, ${(value * gh * gw).toFixed(1)} times an even share${object}`;
  }

  follow(place) {
    if (!place || !this.answer.rows) return;
    const { patch } = this.page.look;
    const same = patch && patch.row === place.row && patch.column === place.column;
    this.page.address.set({ patch: same ? null : `${place.row} ${place.column}` });
  }

  walk(event) {
    const step = stepOf(event.key);
    const [gh, gw] = this.answer.grid;
    if (event.key === "Enter") this.follow(this.cursor);
    if (event.key === "Escape") { this.point(null); this.page.address.set({ patch: null }); }
    if (!step) return;
    event.preventDefault();
    const bound = (value, count) => Math.min(Math.max(value, 0), count - 1);
    this.point(this.cursor ? { row: bound(this.cursor.row + step[0], gh), column: bound(this.cursor.column + step[1], gw) } : { row: 0, column: 0 });
  }

  numbers() {
    const { numbers } = this.shown();
    if (!numbers) return element("div");
    return measured(MEASURED.map(([name, label, meaning]) => [name, label, decimal(numbers[name]), meaning]));
  }

  /** What the network answers, whether that is right, and what it could answer. */
  verdict() {
    const { classes, probabilities, label } = this.answer;
    const best = probabilities.indexOf(Math.max(...probabilities));
    const right = label === null ? "" : classes[best] === label ? "Right." : `Wrong: the answer is ${label}.`;
    const few = classes.length <= LISTED_CLASSES;
    const known = `It knows ${classes.length.toLocaleString("en")} classes${few ? ` and nothing else: ${classes.join(", ")}` : ""}.`;
    const foreign = label === null && few ? "If your picture shows none of them, its answer says nothing." : "";
    return element("div", { class: "verdict" }, element("p", {}, "It says ", element("b", {}, classes[best]), `, ${percent(probabilities[best])} sure. `, right),
      element("p", { class: "note" }, [known, foreign].filter(Boolean).join(" ")));
  }

  /** The five most probable classes; a click shows the evidence for one in the class-specific views. */
  classes() {
    const { classes, probabilities, asked, label, specific } = this.answer;
    const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 5);
    const one = (i) => {
      const bar = element("span", { class: "bar-of" });
      bar.style.setProperty("--part", probabilities[i]);
      const line = [element("span", { class: "name" }, classes[i], classes[i] === label ? " ✓" : ""), bar, element("span", { class: "part" }, `${(100 * probabilities[i]).toFixed(1)} %`)];
      if (!specific.some(Boolean)) return element("li", {}, element("div", { "data-key": `class${this.number}${i}` }, line));
      return element("li", {}, button(line, () => this.page.address.set({ speaks: i === order[0] ? null : classes[i] }), { "aria-pressed": String(classes[i] === asked), "data-key": `class${this.number}${i}`, title: `${classes[i]}: show the evidence for this class in the gradient-weighted views` }));
    };
    return element("ul", { class: "classes", "aria-label": "Classes" }, order.map(one));
  }

  /** The class token's map of every layer and head, small. */
  heads() {
    const { layers, heads, views, grid } = this.answer;
    if (!views.some((name) => partsOf(name).layer)) return element("div");
    const colours = inks();
    const small = (layer, head) => {
      const name = `cls L${layer} H${head}`;
      const canvas = element("canvas", { width: grid[1], height: grid[0] });
      const context = canvas.getContext("2d");
      const { values } = mapOf(this.answer, name);
      const most = Math.max(...values) || 1;
      values.forEach((value, i) => {
        context.fillStyle = colours.heat(value / most);
        context.fillRect(i % grid[1], Math.floor(i / grid[1]), 1, 1);
      });
      return element("td", {}, button(canvas, () => this.page.view(this.number, name), { "aria-label": `layer ${layer}, head ${head}`, "aria-pressed": String(name === this.view), "data-key": `head${this.number}${name}` }));
    };
    const numbers = (count) => Array.from({ length: count }, (_, i) => i + 1);
    const many = heads > 6; // small enough to stand beside the picture
    return element("details", { class: many ? "heads maps many" : "heads maps", open: true }, element("summary", {}, "The class token in every layer and head"),
      element("div", { class: "scrolls" }, element("table", {},
        element("thead", {}, element("tr", {}, element("th", {}, many ? "head" : ""), numbers(heads).map((head) => element("th", { scope: "col" }, many ? `${head}` : `head ${head}`)))),
        element("tbody", {}, numbers(layers).map((layer) => element("tr", {}, element("th", { scope: "row" }, `layer ${layer}`), numbers(heads).map((head) => small(layer, head))))))));
  }

  /** The highest patches with their values. */
  table() {
    const { values } = this.shown();
    const { covered, grid } = this.answer;
    const line = ([value, row, column]) => element("tr", {}, element("th", { scope: "row" }, `row ${row + 1}, column ${column + 1}`),
      element("td", {}, `${(100 * value).toFixed(2)} %`), covered ? element("td", {}, `${(100 * covered[row * grid[1] + column]).toFixed(0)} %`) : "");
    const top = highest(values, grid, LISTED);
    return element("details", { class: "table" }, element("summary", {}, "The highest patches as a table"),
      element("table", { class: "listed" },
        element("thead", {}, element("tr", {}, ["patch", "of the map", ...(covered ? ["object"] : [])].map((name) => element("th", { scope: "col" }, name)))),
        element("tbody", {}, top.map(line))));
  }

  exports() {
    return exportButtons({ paper: () => this.paper(), json: () => this.json(), name: () => [this.run.title, this.view, this.answer.name], key: this.number });
  }

  /** The picture for a file: on white, with the model, the view, the predicted class and the class of the view. */
  paper() {
    const { answer } = this;
    const map = this.shown();
    const best = answer.probabilities.indexOf(Math.max(...answer.probabilities));
    const of = (i) => `${answer.classes[i]}, ${(100 * answer.probabilities[i]).toFixed(1)} %`;
    const asked = answer.classes.indexOf(answer.asked);
    const notes = [`predicted: ${of(best)}`, ...(map.specific && asked !== best ? [`the map is for: ${of(asked)}`] : [])];
    const marker = { marker: this.marker, side: this.side };
    const painted = this.paint(440, map, { title: answer.model, lines: [map.described], notes, width: 440 }, inks(false));
    Object.assign(this, marker); // those of the picture on the page
    return painted;
  }

  /** Where it looked, as a record of the kind "attended image". */
  json() {
    const { model, name, classes, probabilities, grid, label, pixels, mask } = this.answer;
    const { values, described } = this.shown();
    const [gh, gw] = grid;
    const total = values.reduce((sum, value) => sum + value, 0) || 1;
    const row = (r) => Array.from(values.slice(r * gw, (r + 1) * gw), (value) => Number((value / total).toPrecision(5)));
    const known = classes.indexOf(label);
    return {
      kind: "attended image", pixels: pixels.replace("data:image/png;base64,", ""), map: Array.from({ length: gh }, (_, r) => row(r)), model,
      view: described, split: "page", index: 0, label: known < 0 ? null : known, predicted: probabilities.indexOf(Math.max(...probabilities)),
      probabilities, classes, mask, name,
    };
  }
}
