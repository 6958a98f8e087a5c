// RNNsearch: Bahdanau, Cho and Bengio (2014), Section 3 and Appendix A. The paper's letters are the names: s the decoder's state
// (n), h the annotations (2n), c the context, alpha the weights, E the embeddings, t the deep output. S source positions.

import { add, concat, dot, each, mixed, norm, sigmoid, softmax, tanh } from "./arrays.js";

/** The gated hidden unit, Appendix A.1.1: the reset gate acts on the state, before the matrix U. */
class GatedUnit {
  W; U_rz; U;

  constructor(weights, name) {
    [this.W, this.U_rz, this.U] = ["W", "U_rz", "U"].map((matrix) => weights.linear(`${name}.${matrix}`));
  }

  /** The next state from Wx = W x (3n), to which the decoder adds C c, and the state s (n). */
  next(Wx, s) {
    const n = s.length;
    const rz = sigmoid(add(Wx.subarray(0, 2 * n), this.U_rz(s)));
    const [r, z] = [rz.subarray(0, n), rz.subarray(n)];
    const s_tilde = tanh(add(Wx.subarray(2 * n), this.U(each((a, b) => a * b, r, s))));
    return each((old, proposed, update) => (1 - update) * old + update * proposed, s, s_tilde, z);
  }
}

export class RNNsearch {
  n; m; W_a; U_a; v_a; C; U_o; V_o; C_o;

  constructor(weights) {
    const linear = (name) => weights.linear(name);
    this.source = weights.rows("encoder.E.weight");
    this.forward = new GatedUnit(weights, "encoder.forward_unit");
    this.backward = new GatedUnit(weights, "encoder.backward_unit");
    [this.n, this.m] = [weights.tensor("decoder.W_s.weight").shape[0], weights.tensor("decoder.E.weight").shape[1]];
    this.target = weights.rows("decoder.E.weight");
    this.W_s = linear("decoder.W_s");
    [this.W_a, this.U_a, this.v_a] = [linear("decoder.attention.W_a"), linear("decoder.attention.U_a"), weights.data("decoder.attention.v_a")];
    this.unit = new GatedUnit(weights, "decoder.unit");
    [this.C, this.U_o, this.V_o, this.C_o] = ["C", "U_o", "V_o", "C_o"].map((name) => linear(`decoder.${name}`));
    this.head = weights.linear("head", "decoder.E"); // W_o
  }

  /** Maximum number of words of a translation: three times the source, as in the authors' code. */
  limit(S) {
    return 3 * S;
  }

  /** Reads ids (S): {memory, state}. */
  encode(source) {
    const Ex = source.map((word) => this.source[word]);
    const forward = this.run(this.forward, Ex);
    const backward = this.run(this.backward, Ex.toReversed()).toReversed();
    const h = forward.map((state, j) => concat(state, backward[j])); // (7)
    const s = tanh(this.W_s(backward[0]));
    return { memory: { h, keys: h.map(this.U_a) }, state: { s, c: null } };
  }

  run(unit, Ex) {
    let s = new Float32Array(this.n);
    return Ex.map((x) => { s = unit.next(unit.W(x), s); return s; });
  }

  /** The word after `previous`, null at the start: {features: t (l), weights (1, 1, S), state}. */
  step({ h, keys }, { s, c }, previous) {
    const Ey = previous === null ? new Float32Array(this.m) : this.target[previous]; // E y_0 = 0
    if (c) s = this.unit.next(add(this.unit.W(Ey), this.C(c)), s); // s_{i-1} = f(s_{i-2}, y_{i-1}, c_{i-1})
    const query = this.W_a(s);
    const e = Float32Array.from(keys, (key) => dot(this.v_a, tanh(add(query, key)))); // e_ij = v_a tanh(W_a s_{i-1} + U_a h_j)
    const alpha = softmax(e); // (6)
    c = mixed(alpha, h); // (5)
    const t_tilde = add(add(this.U_o(s), this.V_o(Ey)), this.C_o(c));
    const t = Float32Array.from({ length: t_tilde.length / 2 }, (_, k) => Math.max(t_tilde[2 * k], t_tilde[2 * k + 1]));
    return { features: t, weights: [[alpha]], state: { s, c } };
  }

  /** ||h_j|| (1, 1, S), what a source position adds with weight 1. */
  norms({ h }) {
    return [[Float32Array.from(h, norm)]];
  }
}
