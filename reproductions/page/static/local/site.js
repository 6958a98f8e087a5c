// The back end without a server: files of the site, and for each model a worker that computes; see backend.js. Nothing that a reader
// types or drops is sent anywhere.

import { pixelsOf, read, sceneOf } from "./picture.js";

const PATIENCE = 500; // milliseconds of fetching until it is said
const opened = new Map(); // run -> {described, model}, once its model is in a worker

/** A model in a worker of its own, so that two translate at the same time. It answers in the order of the questions. */
class Model {
  waiting = [];

  constructor() {
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data: { answer, error } }) => {
      const { resolve, reject } = this.waiting.shift();
      if (error) reject(new Error(error));
      else resolve(answer);
    };
    this.worker.onerror = () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error("This browser cannot compute the models: use a newer one."));
    };
  }

  ask(asks, question, transferred = []) {
    this.worker.postMessage({ asks, ...question }, transferred);
    return new Promise((resolve, reject) => { this.waiting.push({ resolve, reject }); });
  }
}

/** The result of a promise; the window hears what to say of it while that takes long. */
async function whileSaying(text, promise) {
  const say = (detail) => window.dispatchEvent(new CustomEvent("fetching", { detail }));
  let isSaid = false;
  const timer = setTimeout(() => { isSaid = true; say(text); }, PATIENCE);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    if (isSaid) say("");
  }
}

/** A file of the site. */
async function file(path) {
  const response = await fetch(path).catch(() => null);
  if (!response?.ok) throw new Error(`The page's file ${path} does not come${response ? ` (status ${response.status})` : ": is there a network?"}`);
  return response;
}

const json = async (path) => (await file(path)).json();
export const timeline = () => json("timeline.json");
export const gallery = ({ run }) => json(`runs/${run}/gallery.json`);

let started = null;
export function overview() {
  started ??= json("overview.json").catch((error) => { started = null; throw error; });
  return started;
}

/** {described, model}: what is fixed of a run, and its model, which is fetched at the first question. */
function open(run) {
  const fetched = async () => {
    const weights = file(`runs/${run}/model.safetensors`).then((response) => response.arrayBuffer());
    const [{ limits, gold }, described, buffer] = await whileSaying("The models are being fetched, this once.", Promise.all([overview(), json(`runs/${run}/run.json`), weights]));
    const model = new Model();
    await model.ask("open", { described, weights: buffer, shared: { limits, gold } }, [buffer]);
    return { described, model };
  };
  if (!opened.has(run)) opened.set(run, fetched().catch((error) => { opened.delete(run); throw error; }));
  return opened.get(run);
}

export async function align({ run, text, target }) {
  const { model } = await open(run);
  return model.ask("align", { text, target });
}

export async function look({ run, scene }, picture) {
  const { described, model } = await open(run);
  const seen = picture ? await read(picture, described) : await sceneOf((await gallery({ run })).scenes, scene, described);
  const answer = await model.ask("look", { bytes: seen.bytes });
  const { size, classes, views } = described;
  const asked = classes[answer.probabilities.indexOf(Math.max(...answer.probabilities))];
  return { ...described, ...seen, ...answer, asked, pixels: pixelsOf(seen.bytes, size), size: [size, size], specific: views.map(() => false), numbers: null };
}
