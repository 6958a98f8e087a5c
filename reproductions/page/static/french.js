// French as it is printed. This is what is shown; data, scores and what is copied keep the characters of the corpus.

const NARROW = "\u202f"; // the narrow no-break space

/** A sentence with typographic apostrophes and guillemets, and narrow no-break spaces; another language as it is. */
export function printed(text, language) {
  if (language !== "fr") return text;
  let quotes = 0;
  return text.replaceAll("'", "’").replace(/ (?=[;:!?])/g, NARROW).replaceAll('"', () => (quotes++ % 2 ? `${NARROW}»` : `«${NARROW}`));
}

/** The words of a record as they are printed; "(end)" for the mark of its end. */
export function printedWords(words, language) {
  const french = printed(words.join("\n"), language).replaceAll(NARROW, "").split("\n");
  return words.map((word, i) => (word === "</s>" ? "(end)" : french[i]));
}

/** Copies the characters of the corpus in place of those that are shown. */
export function copyRaw(event, raw, language) {
  const chosen = getSelection().toString();
  const whole = chosen.trim() === printed(raw, language);
  const plain = chosen.replaceAll("’", "'").replace(new RegExp(`«${NARROW}|${NARROW}»`, "g"), '"').replaceAll(NARROW, " ");
  event.clipboardData.setData("text/plain", whole ? raw : plain);
  event.preventDefault();
}
