// Five steps: scaled dot-product attention over a few words, one step at a time; every number in Q, K, V can be changed.

import { attend } from "./arithmetic.js";
import { button, decimal, element, keepingFocus, tick } from "./dom.js";
import { inks } from "./inks.js";

const WORDS = ["the", "cat", "drank", "its", "milk"];
const MOST_WORDS = 7;
// The three numbers of a vector, read as: a being, an act, a thing.
const START = {
  Q: [[0.5, 0, 1.5], [0.5, 2, 0], [2, 0, 2], [3, 0.5, 0], [0, 2, 0.5]],
  K: [[0.2, 0, 0.2], [2, 0.2, 0.5], [0.3, 2, 0], [0.8, 0, 0], [0, 0.4, 2]],
  V: [[0.1, 0, 0.1], [1, 0, 0.2], [0, 1, 0], [0.4, 0, 0], [0, 0, 1]],
};
const NAMES = { Q: "queries", K: "keys", V: "values" };
const STEPS = [
  ["Queries, keys, values", "Each word comes as three short vectors. Its query says what it looks for, its key what it can be found by, its value what it hands over. A model makes all three from the word by matrices that it learns; here you may write them yourself."],
  ["Compare", "Every query meets every key. Their dot product is large where the two point the same way: that is the score. Rows are the words that look, columns the words looked at."],
  ["Scale", "Dot products grow with the length of the vectors, and large scores would make the next step all or nothing. So each score is divided by the square root of d_k, the number of entries of a key."],
  ["Weigh", "Softmax turns each row into weights: none is negative, and a row sums to 1. A word that must not be seen, because it comes later, gets exactly 0."],
  ["Mix", "Each word takes the values of all words, as much of each as its weight says. This mixture is what attention hands on: one new vector a word."],
];

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
  constructor(address) {
    this.address = address;
    this.node = element("div", { class: "view steps" });
  }

  get shown() {
    const { words, step, row, scale, causal } = this.address.state;
    const chosen = words ? words.split(/\s+/).filter(Boolean).slice(0, MOST_WORDS).map((word) => word.slice(0, 20)) : WORDS;
    const matrices = Object.fromEntries(["Q", "K", "V"].map((name) => [name, readMatrix(this.address.state[name], chosen.length) ?? this.start(name, chosen)]));
    const number = (text, most, otherwise) => (/^\d+$/.test(text ?? "") && Number(text) <= most ? Number(text) : otherwise);
    return { words: chosen, ...matrices, step: Math.max(number(step, STEPS.length, 1), 1), row: number(row, chosen.length - 1, Math.min(3, chosen.length - 1)), scale: scale !== "0", causal: causal === "1" };
  }

  start(name, words) {
    return words.map((word) => (WORDS.includes(word) ? START[name][WORDS.indexOf(word)] : vectorOf(word, name)));
  }

  refresh() {
    const shown = this.shown;
    const result = attend(shown);
    keepingFocus(this.node, () => this.node.replaceChildren(this.top(shown), this.formula(shown), this.stage(shown, result)));
  }

  redraw() {
    this.refresh();
  }

  questions() {
    return [];
  }

  top({ words, step }) {
    const input = element("input", { type: "text", value: words.join(" "), id: "words", maxlength: 160, "data-key": "words", spellcheck: "false",
      onchange: (event) => this.address.set({ words: event.target.value.trim() === WORDS.join(" ") ? null : event.target.value.trim(), Q: null, K: null, V: null, row: null }) });
    const go = (to) => this.address.set({ step: to });
    const steps = STEPS.map(([name], i) => element("li", {}, button([element("b", {}, i + 1), ` ${name}`], () => go(i + 1), { "aria-current": i + 1 === step ? "step" : null, "data-key": `step${i}` })));
    return element("div", { class: "steptop" },
      element("div", { class: "row" }, element("label", { class: "field wide" }, element("span", {}, `Words (at most ${MOST_WORDS})`), input),
        button("Start again", () => this.address.set({ words: null, Q: null, K: null, V: null, row: null, scale: null, causal: null }), { class: "quiet", "data-key": "again" })),
      element("ol", { class: "stepper", "aria-label": "Steps" }, steps),
      element("div", { class: "told" }, element("h2", {}, `${step}. ${STEPS[step - 1][0]}`), element("p", {}, STEPS[step - 1][1]),
        element("div", { class: "row" },
          button("← Back", () => go(step - 1), { disabled: step === 1, "data-key": "back" }),
          button("Next →", () => go(step + 1), { class: "main", disabled: step === STEPS.length, "data-key": "next" }))));
  }

  /** The equation, with the part that this step computes set off. */
  formula({ step, scale }) {
    const part = (numbers, ...children) => element("span", { class: numbers.includes(step) ? "now" : "" }, children);
    const fraction = element("span", { class: "fraction" }, part([2], part([1], "Q"), " ", part([1], "K"), element("sup", {}, "T")), scale ? part([3], "√d", element("sub", {}, "k")) : part([3], "1"));
    return element("p", { class: "formula", role: "math", "aria-label": "Attention of Q, K, V is softmax of Q K transposed, divided by the square root of d k, times V" },
      "Attention(Q, K, V) = ", part([4], "softmax(", fraction, ")"), " ", part([5], part([1], "V")), element("span", { class: "where" }, "Vaswani et al. (2017), equation (1)"));
  }

  stage(shown, result) {
    const { step, words, Q, K, V, row, scale, causal } = shown;
    const edit = (name, matrix) => this.matrix({ title: `${name}, ${NAMES[name]}`, rows: words, columns: ["being", "act", "thing"], matrix, edit: name, row: name === "Q" ? row : null, follow: name === "Q" });
    const square = (title, matrix, weights, mask) => this.matrix({ title, rows: words, columns: words, matrix, weights, row, follow: true, mask });
    const sign = (text) => element("span", { class: "sign", "aria-hidden": "true" }, text);
    const pieces = {
      1: [edit("Q", Q), edit("K", K), edit("V", V)],
      2: [edit("Q", Q), sign("·"), edit("K", K), sign("="), square("scores, Q Kᵀ", result.scores)],
      3: [square("scores, Q Kᵀ", result.scores), sign(scale ? "÷ √3 =" : "÷ 1 ="), square(scale ? "scaled scores" : "scores, not scaled", result.divided)],
      4: [square(scale ? "scaled scores" : "scores, not scaled", result.divided, false, result.mask), sign("softmax →"), square("weights", result.weights, true)],
      5: [square("weights", result.weights, true), sign("·"), edit("V", V), sign("="), this.matrix({ title: "output", rows: words, columns: ["being", "act", "thing"], matrix: result.output, row, follow: true })],
    }[step];
    const switches = element("div", { class: "row" },
      step >= 3 ? tick("divide by √d_k", scale, (on) => this.address.set({ scale: on ? null : "0" }), { "data-key": "scale" }) : null,
      step >= 4 ? tick("a word sees only itself and what stands before it (the decoder’s mask)", causal, (on) => this.address.set({ causal: on ? "1" : null }), { "data-key": "causal" }) : null);
    return element("div", {}, element("p", { class: "worked", "aria-live": "polite" }, ...worked(shown, result)), switches, element("div", { class: "stage" }, pieces));
  }

  /** A matrix as a table; with `edit` its numbers can be changed, with `follow` its row names choose the word to follow. */
  matrix({ title, rows, columns, matrix, edit = null, weights = false, row = null, follow = false, mask = null }) {
    const colours = inks();
    const most = Math.max(1e-9, ...matrix.flat().map(Math.abs));
    const cell = (x, i, j) => {
      const hidden = mask && !mask[i][j];
      const td = element("td", { class: hidden ? "hidden" : null }, edit
        ? element("input", { type: "number", step: 0.1, min: -1000, max: 1000, value: x, "aria-label": `${title}: ${rows[i]}, ${columns[j]}`, "data-key": `${edit}${i}.${j}`, oninput: (event) => this.change(edit, i, j, event.target) })
        : hidden ? "−∞" : decimal(x, 2));
      if (weights) [td.style.background, td.style.color] = [colours.weight(x), colours.onWeight(x)];
      else td.style.setProperty("--strength", (Math.abs(x) / most).toFixed(3));
      if (!weights) td.classList.add(x < 0 ? "minus" : "plus");
      return td;
    };
    const name = (word, i) => (follow ? button(word, () => this.address.set({ row: i }), { class: "word", "aria-pressed": String(i === row), "aria-label": `Follow ${word}`, "data-key": `${title}${i}` }) : word);
    return element("figure", { class: weights ? "matrix weights" : "matrix" }, element("figcaption", {}, title),
      element("div", { class: "scrolls" }, element("table", {},
        element("thead", {}, element("tr", {}, element("th", {}), columns.map((word) => element("th", { scope: "col" }, element("span", {}, word))))),
        element("tbody", {}, matrix.map((values, i) => element("tr", { class: i === row ? "followed" : null }, element("th", { scope: "row" }, name(rows[i], i)), values.map((x, j) => cell(x, i, j))))))));
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

/** The sum behind the row that is followed, with its numbers. */
function worked({ step, words, Q, K, V, row, scale, causal }, result) {
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
