// Scaled dot-product attention with plain numbers, step by step: Vaswani et al. (2017), equation (1).

/** Q K^T: rows are queries, columns keys. */
function dots(Q, K) {
  return Q.map((q) => K.map((k) => q.reduce((sum, x, i) => sum + x * k[i], 0)));
}

function scaled(scores, factor) {
  return scores.map((row) => row.map((x) => x * factor));
}

/** Each row to weights that sum to 1; where mask is false the weight is exactly 0, and all 0 if nothing is left. */
function softmax(scores, mask) {
  return scores.map((row, i) => {
    const most = Math.max(...row.filter((_, j) => mask[i][j]));
    const raised = row.map((x, j) => (mask[i][j] ? Math.exp(x - most) : 0));
    const sum = raised.reduce((a, b) => a + b, 0);
    return raised.map((x) => (sum > 0 ? x / sum : 0));
  });
}

/** weights V: each row a mixture of the rows of V. */
function mixed(weights, V) {
  return weights.map((row) => V[0].map((_, d) => row.reduce((sum, w, j) => sum + w * V[j][d], 0)));
}

/** True where a query may look: everywhere, or not behind itself. */
function maskOf(count, causal) {
  return Array.from({ length: count }, (_, i) => Array.from({ length: count }, (_, j) => !causal || j <= i));
}

/** All five steps. */
export function attend({ Q, K, V, scale, causal }) {
  const scores = dots(Q, K);
  const divided = scaled(scores, scale ? 1 / Math.sqrt(K[0].length) : 1);
  const mask = maskOf(Q.length, causal);
  const weights = softmax(divided, mask);
  return { scores, divided, mask, weights, output: mixed(weights, V) };
}
