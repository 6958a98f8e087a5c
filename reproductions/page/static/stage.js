// The matrices of each of the five steps, in the order of the equation, with the signs between them.

const ENTRIES = ["being", "act", "thing"]; // how the three numbers of a vector may be read
const GIVEN = { Q: "queries", K: "keys", V: "values" };

/**
 * A list of signs (text) and matrices: {title, columns, of} where `of` takes the numbers out of all that is given and
 * computed; `edit` is the name of a matrix whose numbers can be typed over, `follow`: its rows can be followed, `weights`: its
 * numbers are weights, `masked`: what the mask hides is not read.
 */
export function stageOf({ step, words, scale }) {
  const given = (name) => ({ title: `${name}, ${GIVEN[name]}`, columns: ENTRIES, of: (all) => all[name], edit: name, follow: name === "Q" });
  const square = (title, of) => ({ title, columns: words, of, follow: true });
  const scores = square("scores, Q Kᵀ", (all) => all.scores);
  const divided = square(scale ? "scaled scores" : "scores, not scaled", (all) => all.divided);
  const weights = { ...square("weights", (all) => all.weights), weights: true };
  const output = { title: "output", columns: ENTRIES, of: (all) => all.output, follow: true };
  return {
    1: [given("Q"), given("K"), given("V")],
    2: [given("Q"), "·", given("K"), "=", scores],
    3: [scores, scale ? "÷ √3 =" : "÷ 1 =", divided],
    4: [{ ...divided, masked: true }, "softmax →", weights],
    5: [weights, "·", given("V"), "=", output],
  }[step];
}
