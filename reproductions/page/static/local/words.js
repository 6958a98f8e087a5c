// Text to words and back, as in data/words.py, which says why; and words to ids.

const LETTER = "[\\p{L}\\p{N}_\\u0300-\\u036f]";
const INNER = `(?:[-.&@]${LETTER}+|(?<=\\p{Nd})[,:](?=\\p{Nd})${LETTER}+|['’]${LETTER}+)*`;
const HANGING = `(?:-(?!${LETTER}|-))?`;
const CLITIC = `['’](?:s|re|ve|ll|d|m)(?!${LETTER}|['’-]${LETTER})`;
const NOT = `n['’]t(?!${LETTER}|['’-]${LETTER})`;
const INNER_ENGLISH = INNER.replace("|['’]", `|(?!${CLITIC})['’]`);
const ACRONYM = `(?<!${LETTER})(?:[\\p{L}\\p{Nl}\\p{No}]\\.){2,}`;
const ELISION = "(?:jusqu|lorsqu|puisqu|quoiqu|qu|[ldnscjmt])['’]";
const OTHER = "&[\\p{L}\\p{N}_]+;|\\.{2,}|-{2,}|[^\\s\\x1c-\\x1f\\x85\\u200b\\u00ad\\ufeff]";

const PATTERNS = {
  en: new RegExp(`${ACRONYM}|${LETTER}+?(?=${NOT})|${NOT}|${LETTER}+${INNER_ENGLISH}${HANGING}|${CLITIC}|${OTHER}`, "giu"),
  fr: new RegExp(`${ACRONYM}|${ELISION}|${LETTER}+${INNER}${HANGING}|${OTHER}`, "giu"),
  de: new RegExp(`${ACRONYM}|${LETTER}+${INNER}${HANGING}|${OTHER}`, "giu"),
};

// Words without a space before them, and words without a space after them.
const LEANS_LEFT = { en: ".,;:?!%)]}…/”’°", fr: ".,)]}…/”’°", de: ".,;:?!)]}…/”’°" };
const LEANS_RIGHT = { en: "([{/$€£#“‘", fr: "([{/#“‘", de: "([{/#„‚" };
// Marks that may open or close, and the pair that each belongs to: the first opens it, the next closes it.
const PAIR = { en: { '"': '"', "'": "'" }, fr: { '"': '"', "'": "'" }, de: { '"': '"', "'": "'", "“": "„", "‘": "‚", "»": "»", "«": "»" } };
const DOTS = /^\.\./;
const LEFT_WORD = { en: new RegExp(`^(?:(?:${CLITIC}|${NOT})$|\\.\\.)`, "iu"), fr: DOTS, de: DOTS };
const RIGHT_WORD = { fr: new RegExp(`^${ELISION}$`, "iu") };

/** The words of a text: "L'accord sur la zone." -> ["L'", "accord", "sur", "la", "zone", "."] */
export function split(text, language) {
  return text.match(PATTERNS[language]) ?? [];
}

/** The text of words, spaced as in the language: the inverse of split. */
export function join(words, language) {
  const [left, right, pairs] = [[...LEANS_LEFT[language]], [...LEANS_RIGHT[language]], PAIR[language]];
  const open = new Set();
  let [text, before, glueNext] = ["", "", true];
  for (const word of words) {
    let [glue, glueAfter] = [glueNext, false];
    const pair = Object.hasOwn(pairs, word) ? pairs[word] : null;
    if (pair !== null) {
      if (open.has(pair) || (word === "'" && isPossessive(before))) {
        open.delete(pair);
        glue = true;
      } else {
        open.add(pair);
        glueAfter = true;
      }
    } else if (left.includes(word) || LEFT_WORD[language].test(word)) {
      [glue, glueAfter] = [true, word === "/"];
    } else if (right.includes(word) || RIGHT_WORD[language]?.test(word)) {
      open.add(word);
      glueAfter = true;
    }
    const apart = split(before + word, language);
    if (before && !(glue && apart.length === 2 && apart[0] === before)) text += " ";
    text += word;
    [before, glueNext] = [word, glueAfter];
  }
  return text;
}

/** Whether an apostrophe after a word is not a quotation mark: "the girls' team", 4' for feet. */
function isPossessive(word) {
  return /\p{L}[sS]$|\p{Nd}$/u.test(word);
}

export const [UNK, EOS] = [1, 2];
const END = "</s>";

/** One id per word, from a tokeniser that the project stored; the id of a word that is not in the vocabulary is UNK. */
export class Tokenizer {
  constructor({ entries, language }) {
    this.entries = entries;
    this.language = language;
    this.ids = new Map(entries.map((entry, i) => [entry, i]));
  }

  /** Ids of a text, EOS last. */
  encode(text) {
    return [...split(text, this.language).map((word) => this.ids.get(word) ?? UNK), EOS];
  }

  /** The words of a text as written, and "</s>". */
  surface(text) {
    return [...split(text, this.language), END];
  }

  /** The words of ids, up to and with the first EOS. */
  words(ids) {
    const end = ids.indexOf(EOS);
    return (end < 0 ? ids : ids.slice(0, end + 1)).map((id) => this.entries[id]);
  }

  /** Places of the words that become UNK. */
  unknown(text) {
    return this.encode(text).flatMap((id, place) => (id === UNK ? [place] : []));
  }

  /** The text of ids up to the first EOS. */
  decode(ids) {
    return join(this.words(ids).filter((word) => word !== END), this.language);
  }
}
