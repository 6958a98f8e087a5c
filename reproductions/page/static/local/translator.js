// What a translator answers about a sentence: its words, and the attention over a target in every view, as alignments.py has it.
// T target words, S source words, V views.

import { beam, force } from "./decoding.js";
import { EOS, Tokenizer } from "./words.js";
import { matrixOf, measured } from "./views.js";

const LONGER = 3; // a target may be so many times longer: a model may have written it

export class Translator {
  model; described; limits; gold; source; target;

  /** `described`: what is fixed of a run; `limits` of a sentence: {letters, words}; `gold`: sentences with their links. */
  constructor(model, described, { limits, gold }) {
    Object.assign(this, { model, described, limits, gold });
    [this.source, this.target] = [new Tokenizer(described.source), new Tokenizer(described.target)];
  }

  /** The attention over `target`, which the model is fed, or over its own translation for null. Throws an Error for the reader. */
  align(text, target) {
    text = this.sentence(text, "sentence", 1);
    if (target !== null) target = this.sentence(target, "target", LONGER);
    const [read, forced] = [this.source.encode(text), target !== null];
    const ids = forced ? this.target.encode(target) : null;
    const { most } = this.described;
    if (most && Math.max(read.length, ids?.length ?? 0) > most) throw new Error(`The model reads and writes at most ${most} words: shorten the sentence.`);
    const written = forced ? force(this.model, read, ids) : beam(this.model, read, EOS, this.described.search);
    const source = this.source.surface(text);
    const words = forced ? this.target.surface(target) : this.target.words(written.ids);
    const unknown = forced ? this.target.unknown(target) : words.flatMap((word, place) => (word === this.target.entries[1] ? [place] : []));
    return {
      model: this.described.model,
      source,
      target: words,
      unknown: { source: this.source.unknown(text), target: unknown, named: this.unknownNamed(text) },
      score: forced ? -written.nll.reduce((a, b) => a + b, 0) : written.score,
      probabilities: forced ? written.nll.map((nll) => Math.exp(-nll)) : null,
      forced,
      text: forced ? target : this.target.decode(written.ids),
      ...this.viewed(source, words, written),
    };
  }

  /** Weights (V, T, S) over words, and the measures of each view. */
  viewed(source, target, { maps, memory }) {
    const { views, described, chosen } = this.described;
    const norms = this.model.norms(memory);
    const gold = this.gold.find((one) => same(one.source, source) && same(one.target, target))?.links ?? null;
    const matrices = views.map((view) => matrixOf(view, maps, norms));
    const weights = new Float32Array(views.length * target.length * source.length);
    matrices.flat().forEach((row, i) => weights.set(row, i * source.length));
    const [layers, heads] = [norms.length, norms[0].length];
    return { layers, heads, chosen, views, described, weights, numbers: matrices.map((rows) => measured(rows, target, gold)), gold };
  }

  /** One line of text for a model. */
  sentence(text, what, times) {
    const { letters, words } = this.limits;
    if (!text.trim()) throw new Error(`The ${what} is empty: type a sentence.`);
    if (text.length > times * letters) throw new Error(`The ${what} has ${text.length.toLocaleString("en")} characters; the page takes at most ${(times * letters).toLocaleString("en")}.`);
    text = text.trim().split(/\s+/).join(" ");
    const count = text.split(" ").length;
    if (count > times * words) throw new Error(`The ${what} has ${count.toLocaleString("en")} words; the page takes at most ${times * words}.`);
    const strange = /[\p{Cc}\p{Cs}\p{Cn}]/u.exec(text);
    if (strange) throw new Error(`The ${what} holds a character that is no text: U+${strange[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}.`);
    return text;
  }

  /** One line that names the words that the model does not know, or warns that it knows none; "" if it knows all. */
  unknownNamed(text) {
    const [words, places] = [this.source.surface(text), this.source.unknown(text)];
    if (!places.length) return "";
    const lettered = words.slice(0, -1).flatMap((word, place) => (/[\p{L}\p{N}]/u.test(word) ? [places.includes(place)] : []));
    if (lettered.every(Boolean)) return "Warning: the model knows no word of this sentence, so its answer has nothing to do with it.";
    const most = 2 * lettered.filter(Boolean).length > lettered.length ? "Warning: most words of this sentence are unknown. " : "";
    return `${most}The model does not know: ${[...new Set(places.map((place) => words[place].slice(0, 60)))].join(", ")}.`;
  }
}

/** Whether words are those of a sentence, without its end. */
function same(sentence, words) {
  const plain = words.at(-1) === "</s>" ? words.slice(0, -1) : words;
  return sentence.length === plain.length && sentence.every((word, i) => word === plain[i]);
}
