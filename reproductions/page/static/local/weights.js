// The weights of a model, from a file in the format of safetensors, and the layers that are made of them.

import { add, each, product } from "./arrays.js";

/** The number of each of the 65,536 bit patterns of half precision. */
const HALVES = Float32Array.from({ length: 65_536 }, (_, bits) => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
});

const NUMBERS = { // type of a tensor in a file -> its numbers in single precision
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes), (bits) => HALVES[bits]),
  F32: (bytes) => new Float32Array(bytes),
  I64: (bytes) => Float32Array.from(new BigInt64Array(bytes), Number), // a batch norm counts its batches
};

/** {shape, data} of every tensor of a file, by name: the length of a header, the header in JSON, and the bytes. */
function tensorsOf(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  delete header.__metadata__;
  const read = ({ dtype, shape, data_offsets: [begin, end] }) => ({ shape, data: NUMBERS[dtype](buffer.slice(8 + length + begin, 8 + length + end)) });
  return new Map(Object.entries(header).map(([name, described]) => [name.replace(/^model\./, ""), read(described)]));
}

/** Layers as functions of a vector, by the names that they have in PyTorch. */
export class Weights {
  constructor(buffer) {
    this.tensors = tensorsOf(buffer);
  }

  tensor(name) {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new Error(`The file of weights lacks ${name}.`);
    return tensor;
  }

  /** The numbers of a tensor. */
  data(name) {
    return this.tensor(name).data;
  }

  /** The rows of a matrix, as views of it. */
  rows(name) {
    const { shape: [N, D], data } = this.tensor(name);
    return Array.from({ length: N }, (_, n) => data.subarray(n * D, (n + 1) * D));
  }

  /** x -> W x + b; without b where there is none. W is that of the layer `tied`, which shares it, if it is stored once. */
  linear(name, tied = name) {
    const W = this.data(this.tensors.has(`${name}.weight`) ? `${name}.weight` : `${tied}.weight`);
    const b = this.tensors.get(`${name}.bias`)?.data;
    return b ? (x) => add(product(W, x), b) : (x) => product(W, x);
  }

  /** x -> (x - mean) / sqrt(variance + epsilon), times a gain, plus a bias; mean and variance are those of x. */
  layerNorm(name, epsilon) {
    const [gain, bias] = [this.data(`${name}.weight`), this.data(`${name}.bias`)];
    return (x) => {
      const mean = x.reduce((a, b) => a + b, 0) / x.length;
      const variance = x.reduce((sum, a) => sum + (a - mean) ** 2, 0) / x.length;
      const scale = 1 / Math.sqrt(variance + epsilon);
      return each((a, g, b) => (a - mean) * scale * g + b, x, gain, bias);
    };
  }

  /** The same with the mean and variance of the training images. */
  batchNorm(name, epsilon = 1e-5) {
    const [gain, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) => this.data(`${name}.${part}`));
    const scale = each((g, v) => g / Math.sqrt(v + epsilon), gain, variance);
    const shift = each((b, m, s) => b - m * s, bias, mean, scale);
    return (x) => each((a, s, b) => a * s + b, x, scale, shift);
  }

  /**
   * A convolution with k x k filters over an image, given as the channels of each of its places in raster order, {x, height, width}:
   * each place of the result is a linear map of the k x k places around it.
   */
  convolution(name, stride, padding) {
    const [, C, k] = this.tensor(`${name}.weight`).shape;
    const filters = this.linear(name);
    return ({ x, height, width }) => {
      const [rows, columns] = [height, width].map((side) => Math.floor((side + 2 * padding - k) / stride) + 1);
      const window = (place) => {
        const [top, left] = [Math.floor(place / columns) * stride - padding, (place % columns) * stride - padding];
        const around = new Float32Array(C * k * k); // 0 beyond the image
        for (let i = Math.max(0, -top); i < k && top + i < height; i++) {
          for (let j = Math.max(0, -left); j < k && left + j < width; j++) {
            const channels = x[(top + i) * width + left + j];
            for (let c = 0; c < C; c++) around[(c * k + i) * k + j] = channels[c];
          }
        }
        return around;
      };
      return { x: Array.from({ length: rows * columns }, (_, place) => filters(window(place))), height: rows, width: columns };
    };
  }
}
