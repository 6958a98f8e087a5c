// What a link names: which runs, each in which view. What it names may be gone; then the page says so.

/** {names, views, gone} of a link's state; of runs that are not `known`, none is shown, and `otherwise()` if none is left. */
export function chosenIn(state, known, otherwise) {
  const asked = (state.runs ?? "").split(",").filter(Boolean);
  const views = (state.views ?? "").split(",");
  const here = asked.map((name, i) => [name, views[i] ?? ""]).filter(([name]) => known.has(name));
  const gone = asked.filter((name) => !known.has(name));
  if (!here.length) return { names: otherwise(), views: asked.length ? [] : views, gone };
  return { names: here.map(([name]) => name), views: here.map(([, view]) => view), gone };
}

/** One sentence for runs that a link names in vain; "" for none. */
export function saidOfRuns(gone) {
  if (!gone.length) return "";
  const they = gone.length > 1 ? "runs that are" : "a run that is";
  return `This link names ${they} not here: ${gone.join(", ")}. What is shown is of other runs.`;
}

/** One sentence for a view that a model does not have. */
export function saidOfView(run, view) {
  return `This link names a view that ${run.title} does not have: ${view}. What is shown is its usual one.`;
}
