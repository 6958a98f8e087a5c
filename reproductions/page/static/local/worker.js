// A worker computes a model, so that the page answers to the pointer meanwhile. It fetches nothing: weights come with a message.

import { Classifier } from "./classifier.js";
import { RNNsearch } from "./rnnsearch.js";
import { Transformer } from "./transformer.js";
import { Translator } from "./translator.js";
import { ViT } from "./vit.js";
import { Weights } from "./weights.js";

const MODELS = { // paper -> how its run is opened
  bahdanau2014: (weights, described, shared) => new Translator(new RNNsearch(weights), described, shared),
  transformer2017: (weights, described, shared) => new Translator(new Transformer(weights, described.network), described, shared),
  vit2021: (weights, described) => new Classifier(new ViT(weights, described.network), described),
};
let model = null;

const ANSWERS = {
  open: ({ described, weights, shared }) => { model = MODELS[described.paper](new Weights(weights), described, shared); },
  align: ({ text, target }) => model.align(text, target),
  look: ({ bytes }) => model.look(bytes),
};

onmessage = ({ data: { asks, ...question } }) => {
  try {
    postMessage({ answer: ANSWERS[asks](question) });
  } catch (error) {
    postMessage({ error: error.message });
  }
};
