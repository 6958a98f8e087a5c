// The Transformer: Vaswani et al. (2017), Section 3. The paper's letters are the names: N layers, d = d_model, h heads, PE positions,
// W_1 and W_2 of the feed-forward network. S source and T target positions.

import { add, relu } from "./arrays.js";
import { MultiHead } from "./multi_head.js";

/** A layer of the encoder or of the decoder, which differ in their attentions: Section 3.1, Figure 1. */
class Layer {
  self_attention; source_attention; W_1; W_2;

  constructor(weights, name, { heads, epsilon }, attentions) {
    for (const attention of attentions) this[attention] = new MultiHead(weights, `${name}.${attention}`, heads);
    [this.W_1, this.W_2] = ["W_1", "W_2"].map((W) => weights.linear(`${name}.feed_forward.${W}`));
    const norms = [...attentions, "feed_forward"].map((_, i) => weights.layerNorm(`${name}.add_norm.${i}.norm`, epsilon));
    this.addNorm = norms.map((normalised) => (x, y) => normalised(add(x, y))); // LayerNorm(x + Sublayer(x))
  }

  feedForward(x) {
    return this.W_2(relu(this.W_1(x))); // (2)
  }

  /** All source positions at once: (S, d) from (S, d). */
  encode(x) {
    const [read, feed] = this.addNorm;
    const own = this.self_attention.project(x);
    return x.map((row) => {
      row = read(row, this.self_attention.attend(row, own).context);
      return feed(row, this.feedForward(row));
    });
  }

  /** One target position (d): {x (d), weights on the source (h, S), own: keys and values of the positions so far}. */
  decode(x, source, before) {
    const [write, read, feed] = this.addNorm;
    const { K, V } = this.self_attention.project([x]);
    const own = { K: [...before.K, ...K], V: [...before.V, ...V] };
    x = write(x, this.self_attention.attend(x, own).context);
    const { context, weights } = this.source_attention.attend(x, source);
    x = read(x, context);
    return { x: feed(x, this.feedForward(x)), weights, own };
  }
}

export class Transformer {
  constructor(weights, network) {
    const stack = (name, attentions) => Array.from({ length: network.layers }, (_, i) => new Layer(weights, `${name}.${i}`, network, attentions));
    this.network = network;
    this.source = weights.rows("source.E.weight");
    this.target = weights.rows("target.E.weight");
    this.encoder = stack("encoder", ["self_attention"]);
    this.decoder = stack("decoder", ["self_attention", "source_attention"]);
    this.head = weights.linear("head", "target.E");
  }

  /** Maximum number of words of a translation: "input length + 50" (Section 6.1), within the number of positions. */
  limit(S) {
    return Math.min(S + this.network.extra_length, this.network.max_length);
  }

  /** An embedding (d), scaled, plus its position: Sections 3.4 and 3.5. */
  embed(E, position) {
    const d = E.length;
    const PE = (i) => {
      const angle = position / 10000 ** ((i - (i % 2)) / d);
      return i % 2 ? Math.cos(angle) : Math.sin(angle);
    };
    return E.map((x, i) => x * Math.sqrt(d) + PE(i));
  }

  /** Reads ids (S): {memory: keys and values in each decoder layer, state}. */
  encode(source) {
    const annotations = this.encoder.reduce((x, layer) => layer.encode(x), source.map((word, j) => this.embed(this.source[word], j)));
    const memory = this.decoder.map((layer) => layer.source_attention.project(annotations));
    return { memory, state: { position: 0, layers: this.decoder.map(() => ({ K: [], V: [] })) } };
  }

  /** The word after `previous`, null at the start: {features (d), weights (N, h, S), state}. */
  step(memory, { position, layers }, previous) {
    const E = previous === null ? new Float32Array(this.network.d_model) : this.target[previous];
    let x = this.embed(E, position); // the zero vector comes first, as in the code
    const [maps, owns] = [[], []];
    this.decoder.forEach((layer, i) => {
      const { x: y, weights, own } = layer.decode(x, memory[i], layers[i]);
      x = y;
      maps.push(weights);
      owns.push(own);
    });
    return { features: x, weights: maps, state: { position: position + 1, layers: owns } };
  }

  /** (N, h, S), what each source position adds where a head of the decoder gives it weight 1. */
  norms(memory) {
    return this.decoder.map((layer, i) => layer.source_attention.norms(memory[i]));
  }
}
