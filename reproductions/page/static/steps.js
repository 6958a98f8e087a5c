// Five steps: scaled dot-product attention over a few words, one step at a time; every number in Q, K, V can be changed.

import { attend } from "./arithmetic.js";
import { alone } from "./backend.js";
import { button, decimal, element, keepingFocus, tick } from "./dom.js";
import { exportButtons } from "./exporting.js";
import { inks } from "./inks.js";
import { NumberTable } from "./number_table.js";
import { stageOf } from "./stage.js";
import { drawStage } from "./steps_paper.js";

const WORDS = ["the", "cat", "drank", "its", "milk"];
const MOST_WORDS = 7;
// The three numbers of a vector, read as: a being, an act, a thing.
const START = {
  Q: [[0.5, 0, 1.5], [0.5, 2, 0], [2, 0, 2], [3, 0.5, 0], [0, 2, 0.5]],
  K: [[0.2, 0, 0.2], [2, 0.2, 0.5], [0.3, 2, 0], [0.8, 0, 0], [0, 0.4, 2]],
  V: [[0.1, 0, 0.1], [1, 0, 0.2], [0, 1, 0], [0.4, 0, 0], [0, 0, 1]],
};
const STEPS = [
  ["Queries, keys, values", "Each word has three short vectors. Its query says what it looks for, its key what it offers, its value what it passes on. A model computes all three from the word with learned matrices; here you may write them yourself."],
  ["Scores", "The score of a query and a key is their dot product, which is large if the two point the same way. Rows are the words that look, columns the words looked at."],
  ["Scale", "Dot products grow with the length of the vectors, and large scores would make the next step all or nothing. So each score is divided by the square root of d_k, the number of entries of a key."],
  ["Softmax", "Softmax turns each row into weights: none is negative, and a row sums to 1."],
  ["Weighted sum", "Each word mixes the values of all words by their weights. This mixture is the result of attention: one new vector per word."],
];

/** [name, what it does] of a step, under the names that `make explain` has. */
function stepOf({ step, causal }) {
  const [name, says] = STEPS[step - 1];
  return step === 4 && causal ? [`Mask and ${name.toLowerCase()}`, `${says} A word that comes later is hidden by the mask: its weight is exactly 0.`] : [name, says];
}

/** Vectors for a word that has none: always the same for the same word. */
function vectorOf(word, salt) {
  let state = 2166136261;
  for (const letter of `${salt} ${word}`) state = Math.imul(state ^ letter.codePointAt(0), 16777619);
  return [0, 1, 2].map(() => {
    state = Math.imul(state ^ (state >>> 15), 2246822519);
    return Math.round(((state >>> 0) / 2 ** 32) * 20) / 10;
  });
}

/** Matrices in an address: numbers by commas, rows by semicolons; null for anything else. */
function readMatrix(text, count) {
  const rows = (text ?? "").split(";").map((row) => row.split(",").map(Number));
  const fits = text && rows.length === count && rows.every((row) => row.length === 3 && row.every((x) => Number.isFinite(x) && Math.abs(x) <= 1000));
  return fits ? rows : null;
}

export class FiveSteps {
  constructor(overview, address) {
    this.overview = overview;
    this.address = address;
    this.sentence = overview.examples["accord, fr"][0].source; // that a trained Transformer is to read
    this.node = element("div", { class: "view steps" });
  }

  get shown() {
    const { words, step, row, scale, causal } = this.address.state;
    const chosen = words ? words.split(/\s+/).filter(Boolean).slice(0, MOST_WORDS).map((word) => word.slice(0, 20)) : WORDS;
    const [Q, K, V] = ["Q", "K", "V"].map((name) => readMatrix(this.address.state[name], chosen.length) ?? this.start(name, chosen));
    const number = (text, most, otherwise) => (/^\d+$/.test(text ?? "") && Number(text) <= most ? Number(text) : otherwise);
    return { words: chosen, Q, K, V, step: Math.max(number(step, STEPS.length, 1), 1), row: number(row, chosen.length - 1, Math.min(3, chosen.length - 1)), scale: scale !== "0", causal: causal === "1" };
  }

  start(name, words) {
    return words.map((word) => (WORDS.includes(word) ? START[name][WORDS.indexOf(word)] : vectorOf(word, name)));
  }

  /** Everything anew, but for a number that changed: then numbers alone are written, and the one that is typed is left alone. */
  refresh() {
    const shown = this.shown;
    const all = { ...shown, ...attend(shown) };
    const { words, step, row, scale, causal } = shown;
    const standing = JSON.stringify([words, step, row, scale, causal]);
    if (standing !== this.standing) keepingFocus(this.node, () => this.node.replaceChildren(this.top(shown), this.formula(shown), this.stage(shown)));
    this.standing = standing;
    this.worked.replaceChildren(...worked(all));
    for (const table of this.tables) table.write(all);
  }

  redraw() {
    this.refresh();
  }

  top(shown) {
    const { words, step } = shown;
    const [title, says] = stepOf(shown);
    const input = element("input", { type: "text", value: words.join(" "), id: "words", maxlength: 160, "data-key": "words", spellcheck: "false",
      onchange: (event) => this.address.set({ words: event.target.value.trim() === WORDS.join(" ") ? null : event.target.value.trim(), Q: null, K: null, V: null, row: null }) });
    const go = (to) => this.address.set({ step: to });
    const steps = STEPS.map((_, i) => stepOf({ ...shown, step: i + 1 })).map(([name], i) => element("li", {}, button([element("b", {}, i + 1), ` ${name}`], () => go(i + 1), { "aria-current": i + 1 === step ? "step" : null, "data-key": `step${i}` })));
    return element("div", { class: "steptop" },
      element("div", { class: "row" }, element("label", { class: "field wide" }, element("span", {}, `Words (at most ${MOST_WORDS}, to fit side by side)`), input),
        button("Start again", () => this.address.set({ words: null, Q: null, K: null, V: null, row: null, scale: null, causal: null }), { class: "quiet", "data-key": "again" })),
      element("ol", { class: "stepper", "aria-label": "Steps" }, steps),
      element("div", { class: "explained" }, element("h2", {}, `${step}. ${title}`), element("p", {}, withSubscript(says)),
        element("div", { class: "row" },
          button("← Back", () => go(step - 1), { disabled: step === 1, "data-key": "back" }),
          button("Next →", () => go(step + 1), { class: "main", disabled: step === STEPS.length, "data-key": "next" }))),
      this.trained());
  }

  /** A way to the same steps with the numbers of the newest Transformer. */
  trained() {
    if (alone) return element("p", { class: "note" }, "With the numbers of a trained Transformer, in every layer and head: ", element("code", { class: "command" }, "make page"), " in the project.");
    const run = this.overview.runs.find(({ paper, ready }) => paper === "transformer2017" && ready);
    if (!run) return element("p", { class: "note" }, "With the numbers of a trained Transformer: ", element("code", { class: "command" }, "make train-transformer"), " first.");
    const link = element("a", { target: "_blank", class: "trained" }, "Its own numbers, in every layer and head ↗");
    const read = (sentence) => { this.sentence = sentence; link.href = `explain?${new URLSearchParams({ run: run.name, text: sentence })}`; };
    read(this.sentence);
    const input = element("input", { type: "text", value: this.sentence, maxlength: 2000, spellcheck: "false", "data-key": "sentence", oninput: (event) => read(event.target.value) });
    return element("div", { class: "row" }, element("label", { class: "field wide" }, element("span", {}, "A sentence for the trained Transformer"), input), link);
  }

  /** The equation, with the part that this step computes set off. */
  formula({ step, scale }) {
    const part = (numbers, ...children) => element("span", { class: numbers.includes(step) ? "now" : "" }, children);
    const fraction = element("span", { class: "fraction" }, part([2], part([1], "Q"), " ", part([1], "K"), element("sup", {}, "T")), scale ? part([3], "√d", element("sub", {}, "k")) : part([3], "1"));
    return element("p", { class: "formula", role: "math", "aria-label": "Attention of Q, K, V is softmax of Q K transposed, divided by the square root of d k, times V" },
      "Attention(Q, K, V) = ", part([5], part([4], "softmax(", fraction, ")"), " ", part([1], "V")), element("span", { class: "where" }, "Vaswani et al. (2017), equation (1)"));
  }

  stage(shown) {
    const { step, words, row, scale, causal } = shown;
    const hear = (edit) => ({ typed: (i, j, input) => this.change(edit, i, j, input), follow: (i) => this.address.set({ row: i }) });
    this.tables = [];
    const placed = (part) => {
      if (typeof part === "string") return element("span", { class: "sign", "aria-hidden": "true" }, part);
      this.tables.push(new NumberTable(part, words, part.follow ? row : null, hear(part.edit)));
      return this.tables.at(-1).node;
    };
    this.worked = element("p", { class: "worked", "aria-live": "polite" });
    const switches = element("div", { class: "row" },
      step >= 3 ? tick(withSubscript("divide by √d_k"), scale, (on) => this.address.set({ scale: on ? null : "0" }), { "data-key": "scale" }) : null,
      step >= 4 ? tick("a word sees only itself and the words before it (the decoder’s mask)", causal, (on) => this.address.set({ causal: on ? "1" : null }), { "data-key": "causal" }) : null);
    return element("div", {}, this.worked, switches, element("div", { class: "stage" }, stageOf(shown).map(placed)), this.exports());
  }

  exports() {
    const name = () => ["five-steps", this.shown.step, ...this.shown.words];
    const paper = () => {
      const shown = this.shown;
      const all = { ...shown, ...attend(shown) };
      const lines = [`Attention(Q, K, V) = softmax(Q Kᵀ ${shown.scale ? "/ √d_k" : "/ 1"}) V · Vaswani et al. (2017), equation (1)`, spelled(worked(all))];
      return drawStage(stageOf(shown), all, { title: `${shown.step}. ${stepOf(shown)[0]}`, lines }, inks(false));
    };
    return exportButtons({ paper, json: () => this.json(), name });
  }

  /** All numbers of all steps. */
  json() {
    const { words, Q, K, V, scale, causal } = this.shown;
    return { kind: "scaled dot-product attention", words, d_k: K[0].length, scaled: scale, causal, Q, K, V, ...attend(this.shown) };
  }

  change(name, i, j, input) {
    const x = input.valueAsNumber;
    const valid = Number.isFinite(x) && Math.abs(x) <= 1000;
    input.setAttribute("aria-invalid", String(!valid));
    if (!valid) return;
    const matrix = this.shown[name].map((row) => [...row]);
    matrix[i][j] = x;
    this.address.set({ [name]: matrix.map((row) => row.join(",")).join(";") });
  }
}

/** A text with each d_k set as it is printed. */
function withSubscript(text) {
  return text.split("d_k").flatMap((part, i) => (i ? ["d", element("sub", {}, "k"), part] : [part]));
}

/** What was worked out, as text alone: powers with a ^. */
function spelled(parts) {
  return parts.map((part) => (part.tagName === "SUP" ? `^${part.textContent}` : part.textContent ?? part)).join("");
}

/** The sum behind the row that is followed, with its numbers. */
function worked({ step, words, Q, K, V, row, scale, causal, ...result }) {
  const strong = (text) => element("b", {}, text);
  const power = (x) => ["e", element("sup", {}, decimal(x))];
  const best = (list) => list.indexOf(Math.max(...list));
  const seen = result.weights[row].map((w, j) => [w, j]).filter(([, j]) => result.mask[row][j]);
  const j = step >= 4 ? best(result.weights[row]) : best(result.scores[row]);
  const [from, to] = [words[row], words[j]];
  if (step === 1) return ["Follow ", strong(from), ": it looks for (", Q[row].map((x) => decimal(x, 1)).join(", "), "). Click another word in Q to follow that one."];
  if (step === 2) return ["score(", strong(from), ", ", strong(to), ") = ", Q[row].map((x, d) => `${decimal(x, 1)} × ${decimal(K[j][d], 1)}`).join(" + "), " = ", strong(decimal(result.scores[row][j]))];
  if (step === 3) return ["score(", strong(from), ", ", strong(to), ") = ", decimal(result.scores[row][j]), scale ? " ÷ √3 = " : " ÷ 1 = ", strong(decimal(result.divided[row][j]))];
  if (step === 4) return ["weight(", strong(from), ", ", strong(to), ") = ", ...power(result.divided[row][j]), " ÷ (", ...seen.flatMap(([, k], n) => [n ? " + " : "", ...power(result.divided[row][k])]), ") = ", strong(decimal(result.weights[row][j])), causal ? ` · ${from} sees ${seen.length} of ${words.length} words` : ""];
  const terms = seen.filter(([w]) => w >= 0.005).sort((a, b) => b[0] - a[0]).map(([w, k]) => `${decimal(w)} × ${words[k]} (${V[k].map((x) => decimal(x, 1)).join(", ")})`);
  return ["output(", strong(from), ") = ", terms.join(" + "), " = ", strong(`(${result.output[row].map((x) => decimal(x)).join(", ")})`)];
}
