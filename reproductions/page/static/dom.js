// Elements without markup: text stays text, whatever is typed.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes: on* are listeners, true and false are present and absent, null is left out. */
export function element(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element, likewise. */
export function shape(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button. */
export function button(label, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, label);
}

/** A labelled list of choices: [value, text] or {label, options: [value, text][]}. */
export function choice(label, options, chosen, onchange, attributes = {}) {
  const option = (/** @type {any} */ [value, text]) => element("option", { value, selected: String(value) === String(chosen) }, text);
  const group = (one) => Array.isArray(one) ? option(one) : element("optgroup", { label: one.label }, one.options.map(option));
  const select = element("select", { onchange: (event) => onchange(event.target.value), ...attributes }, options.map(group));
  return element("label", { class: "field" }, element("span", {}, label), select);
}

/** A labelled checkbox. */
export function tick(label, checked, onchange, attributes = {}) {
  const box = element("input", { type: "checkbox", checked, onchange: (event) => onchange(event.target.checked), ...attributes });
  return element("label", { class: "tick" }, box, element("span", {}, label));
}

/** A label that explains itself on a tap: its meaning stands at the end of the nearest .explains until the next tap. */
export function term(label, meaning) {
  const toggle = ({ currentTarget }) => {
    const around = currentTarget.closest(".explains");
    const open = currentTarget.getAttribute("aria-expanded") === "false";
    around.querySelector(".meaning")?.remove();
    for (const one of around.querySelectorAll(".term")) one.setAttribute("aria-expanded", String(open && one === currentTarget));
    if (open) around.append(element("p", { class: "meaning", role: "status" }, meaning));
  };
  return button(label, toggle, { class: "term", "aria-expanded": "false" });
}

/** What was measured: [name, label, value, meaning][]. */
export function measured(items) {
  return element("div", { class: "explains" }, element("dl", { class: "numbers" }, items.map(([name, label, value, meaning]) =>
    element("div", { "data-number": name }, element("dt", {}, meaning ? term(label, meaning) : label), element("dd", {}, value)))));
}

/** Exclusive choices as a row of buttons. */
export function segments(label, options, chosen, onchoose) {
  const one = ([value, text]) =>
    button(text, () => onchoose(value), { "aria-pressed": String(value === chosen), "data-value": value, "data-key": `${label} ${value}` });
  return element("div", { class: "segments", role: "group", "aria-label": label }, options.map(one));
}

/** Restores the focus, and the cursor in a text, to the element that was rebuilt with the same data-key. */
export function keepingFocus(root, rebuild) {
  const before = /** @type {any} */ (document.activeElement);
  const key = root.contains(before) ? before.dataset?.key : null;
  const { selectionStart, selectionEnd } = before;
  rebuild();
  const after = key ? root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  after?.focus({ preventScroll: true });
  if (typeof selectionStart === "number") after?.setSelectionRange?.(selectionStart, selectionEnd);
}

const canvas = document.createElement("canvas").getContext("2d");

/** Width of a text in pixels. */
export function widthOf(text, size, family, weight = 400) {
  canvas.font = `${weight} ${size}px ${family}`;
  return canvas.measureText(text).width;
}

/** A fraction for reading, in per cent; a dash for none. */
export function percent(value, digits = 1) {
  const text = decimal(100 * (value ?? NaN), digits);
  return text === "–" ? text : `${text} %`;
}

/** A number for reading: a fixed number of digits, a true minus, a dash for none. */
export function decimal(value, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toFixed(digits).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");
}
