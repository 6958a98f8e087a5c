// The address holds everything that is shown, as #view?name=value&..., so that a link restores it.

/** {view, state}: the view's name and its settings as text. */
export function parse(hash) {
  const [view, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return { view, state: Object.fromEntries(new URLSearchParams(query)) };
}

/** The inverse of parse; settings that are empty or null are left out. */
export function format(view, state) {
  const query = new URLSearchParams(Object.entries(state).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  const text = query.toString();
  return `#${view}${text ? `?${text}` : ""}`;
}
