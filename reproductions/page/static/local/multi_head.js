// Multi-head attention: Vaswani et al. (2017), Section 3.2.2. T queries, S keys, h heads of d_k = d / h entries.

import { concat, dot, each, mixed, norm, softmax } from "./arrays.js";

export class MultiHead {
  W_Q; W_K; W_V; W_O;

  constructor(weights, name, heads) {
    this.heads = heads;
    [this.W_Q, this.W_K, this.W_V, this.W_O] = ["W_Q", "W_K", "W_V", "W_O"].map((W) => weights.linear(`${name}.${W}`));
  }

  /** The parts of a vector (d) that belong to each head. */
  split(x) {
    const d_k = x.length / this.heads;
    return Array.from({ length: this.heads }, (_, i) => x.subarray(i * d_k, (i + 1) * d_k));
  }

  /** {K, V}: keys and values (S, h, d_k) of what is attended (S, d). */
  project(x) {
    return { K: x.map((row) => this.split(this.W_K(row))), V: x.map((row) => this.split(this.W_V(row))) };
  }

  /** One query x (d): {context (d), weights (h, S)}. */
  attend(x, { K, V }) {
    const Q = this.split(this.W_Q(x));
    const scale = 1 / Math.sqrt(Q[0].length);
    const weights = Q.map((q, i) => softmax(Float32Array.from(K, (k) => dot(q, k[i]) * scale))); // (1)
    const heads = weights.map((alpha, i) => mixed(alpha, V.map((v) => v[i])));
    return { context: this.W_O(concat(...heads)), weights };
  }

  /** ||V_i W_O_i|| (h, S), what a key adds where a head gives it weight 1: Kobayashi et al. (2020), equation (4). */
  norms({ V }) {
    const [d_k, d] = [V[0][0].length, V[0][0].length * this.heads];
    const bias = this.W_O(new Float32Array(d));
    const adds = (v, i) => { // the value of head i, and zeros in the place of the others
      const x = new Float32Array(d);
      x.set(v, i * d_k);
      return norm(each((a, b) => a - b, this.W_O(x), bias));
    };
    return Array.from({ length: this.heads }, (_, i) => Float32Array.from(V, (v) => adds(v[i], i)));
  }
}
