// The Vision Transformer: Dosovitskiy et al. (2021), Section 3.1. The paper's letters are the names: E the patch embedding, E_pos
// the positions, z the tokens, MSA and MLP the two halves of a block. P patches in raster order, T tokens, L layers, H heads.

import { add, gelu } from "./arrays.js";
import { MultiHead } from "./multi_head.js";

class Block {
  norm_1; norm_2; W_1; W_2;

  constructor(weights, name, { heads, epsilon }) {
    [this.norm_1, this.norm_2] = ["norm_1", "norm_2"].map((norm) => weights.layerNorm(`${name}.${norm}`, epsilon));
    this.MSA = new MultiHead(weights, `${name}.MSA`, heads);
    [this.W_1, this.W_2] = ["W_1", "W_2"].map((W) => weights.linear(`${name}.MLP.${W}`));
  }

  /** {z, A}: tokens (T, d) of the next block, and the weights (H, T, T). */
  run(z) {
    const normalised = z.map(this.norm_1);
    const kv = this.MSA.project(normalised);
    const read = normalised.map((row) => this.MSA.attend(row, kv)); // (5) to (8)
    const z_ = z.map((row, t) => add(read[t].context, row)); // (2)
    const next = z_.map((row) => add(this.W_2(gelu(this.W_1(this.norm_2(row)))), row)); // (3)
    return { z: next, A: Array.from({ length: this.MSA.heads }, (_, h) => read.map(({ weights }) => weights[h])) };
  }
}

/** The stem of Xiao et al. (2021): 3x3 convolutions with batch norm and GELU, then a linear map of each position. */
function convolutions(weights, patch) {
  const halvings = Math.log2(patch);
  const layers = Array.from({ length: halvings + 2 }, (_, i) => {
    const convolve = weights.convolution(`embed.E.${3 * i}`, i < halvings ? 2 : 1, 1);
    const normalised = weights.batchNorm(`embed.E.${3 * i + 1}`);
    return (image) => {
      const { x, ...size } = convolve(image);
      return { x: x.map((channels) => gelu(normalised(channels))), ...size };
    };
  });
  const last = weights.convolution(`embed.E.${3 * layers.length}`, 1, 0);
  return (image) => last(layers.reduce((x, layer) => layer(x), image));
}

export class ViT {
  x_class; registers; E_pos;

  constructor(weights, network) {
    this.E = network.stem === "patch" ? weights.convolution("embed.E", network.patch, 0) : convolutions(weights, network.patch);
    [this.x_class, this.registers, this.E_pos] = ["x_class", "registers", "E_pos"].map((name) => weights.rows(`embed.${name}`));
    this.blocks = Array.from({ length: network.layers }, (_, i) => new Block(weights, `blocks.${i}`, network));
    this.norm = weights.layerNorm("norm", network.epsilon);
    this.head = weights.linear("head.0");
  }

  /** An image {x: normalised channels of each pixel, height, width}: {logits (K), maps (L, H, T, T)}. */
  look(image) {
    const patches = this.E(image).x; // x_p E, (P, d)
    const placed = [...this.x_class, ...patches].map((token, i) => add(token, this.E_pos[i]));
    let z = [placed[0], ...this.registers, ...placed.slice(1)]; // (1)
    const maps = this.blocks.map((block) => {
      const { z: next, A } = block.run(z);
      z = next;
      return A;
    });
    return { logits: this.head(this.norm(z[0])), maps }; // (4)
  }
}
