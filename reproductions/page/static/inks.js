// Colours of the pictures: those of the project's figures, and a dark version.

export const FAMILY = '"DejaVu Sans", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

const DAY = { paper: "#ffffff", ink: "#1c1c1c", quiet: "#666666", faint: "#e3e3e3", cursor: "#1c1c1c", dot: "#ffffff", edge: "#1c1c1c", night: false };
const NIGHT = { paper: "#14181d", ink: "#e8eaed", quiet: "#98a2ad", faint: "#262e37", cursor: "#f4f6f8", dot: "#ffffff", edge: "#14181d", night: true };

let ramps = { weights: ["#ffffff", "#08306b"], night: ["#14181d", "#eaf5ff"], gold: "#d55e00" };
const dark = window.matchMedia("(prefers-color-scheme: dark)");

export function setRamps(colours) {
  ramps = colours;
}

export function isNight() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : dark.matches;
}

export function onNightChange(listener) {
  dark.addEventListener("change", listener);
}

/** The colours for now, or for paper. weight(w) is that of a weight from 0 to 1. */
export function inks(night = isNight()) {
  const ramp = night ? ramps.night : ramps.weights;
  return {
    ...(night ? NIGHT : DAY),
    gold: night ? "#ff9447" : ramps.gold,
    ramp,
    weight: (w) => ramp[Math.round(Math.min(Math.max(w, 0), 1) * (ramp.length - 1))],
    heat: (x) => ramps.heat[Math.round(Math.min(Math.max(x, 0), 1) * (ramps.heat.length - 1))],
    outline: ramps.outline,
    onWeight: (w) => (night ? (w > 0.5 ? "#14181d" : "#e8eaed") : w > 0.5 ? "#ffffff" : "#1c1c1c"),
  };
}
