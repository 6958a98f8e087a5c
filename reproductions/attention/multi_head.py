"""Multi-head attention: Vaswani et al. (2017), "Attention Is All You Need", Section 3.2.2.

The paper's letters are the names: ``Q`` queries, ``K`` keys, ``V`` values, h heads of d_k = d_v = d / h units.
"""

import torch
from torch import Tensor, nn

from reproductions.attention.base import Attended, Attention, masked_softmax
from reproductions.attention.scaled_dot import ScaledDot
from reproductions.layers.dropout import Dropout


class MultiHead(nn.Module):
    """h heads attend in parallel, each with its own projections (Section 3.2.2).

    ::

        MultiHead(Q, K, V) = Concat(head_1 .. head_h) W_O    head_i = Attention(Q W_Q_i, K W_K_i, V W_V_i)

    Args:
        d: width of keys, values and result, and of all heads together; a multiple of ``heads``.
        heads: h.
        bias: add a bias to each projection. Neither the paper nor its code has one.
        dropout: on the weights; the weights are returned before it. The paper lists none for translation.
        query: width of the queries before projection; None for d.
    """

    def __init__(self, d: int, heads: int, bias: bool = False, dropout: float = 0.0, query: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.W_Q = nn.Linear(query or d, d, bias)  # W_Q_1 .. W_Q_h, stacked
        self.W_K = nn.Linear(d, d, bias)
        self.W_V = nn.Linear(d, d, bias)
        self.W_O = nn.Linear(d, d, bias)
        self.attention = ScaledDot()
        self.dropout = Dropout(dropout)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of every head, (B, h, S, d_k) each, from what is attended (B, S, d)."""
        return self._split(self.W_K(x)), self._split(self.W_V(x))

    def queries(self, x: Tensor) -> Tensor:
        """Queries of every head, (B, h, T, d_k), from what attends (B, T, d)."""
        return self._split(self.W_Q(x))

    def project_itself(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of every head, (B, h, T, d_k) each, of x (B, T, d), which attends to itself.

        One product instead of three: the same numbers, and faster if T is long enough to outweigh joining the matrices.
        """
        three = (self.W_Q, self.W_K, self.W_V)
        U = torch.cat([W.weight for W in three])
        bias = None if self.W_Q.bias is None else torch.cat([W.bias for W in three])
        Q, K, V = nn.functional.linear(x, U, bias).chunk(3, dim=-1)
        return self._split(Q), self._split(K), self._split(V)

    def forward(self, x: Tensor, K: Tensor, V: Tensor, mask: Tensor | None, need_weights: bool = True) -> Attended:
        """Attend from x (B, T, d) to projected keys and values (B, h, S, d_k); see :meth:`attend`."""
        return self.attend(self.queries(x), K, V, mask, need_weights)

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None, need_weights: bool = True) -> Attended:
        """Attend from projected queries (B, h, T, d_k) to projected keys and values (B, h, S, d_k).

        Args:
            Q, K, V: as above.
            mask: boolean, broadcastable to (B, h, T, S), True = may be attended; None = everything.
            need_weights: without it the weights are (B, 0, T, S), and PyTorch's fused kernel is used where it is faster. The
                context is the same.

        Returns:
            context (B, T, d) and weights (B, h, T, S).
        """
        if not need_weights and _fused_is_faster(Q):
            rate = self.dropout.rate if self.training else 0.0
            heads = nn.functional.scaled_dot_product_attention(Q, K, V, mask, dropout_p=rate)
            if mask is not None:  # a fully masked row gives zeros, whatever the kernel returns
                heads = heads.masked_fill(~mask.any(-1, keepdim=True), 0)
            weights = heads.new_zeros(len(Q), 0, Q.shape[2], K.shape[2])
        elif self.dropout.rate and self.training:
            weights = masked_softmax(self.attention.score(Q, K), mask)
            heads = self.dropout(weights).to(V.dtype) @ V
        else:
            heads, weights = self.attention(Q, K, V, mask)  # (1)
            weights = weights if need_weights else weights[:, :0]
        return Attended(self.W_O(heads.transpose(1, 2).flatten(2)), weights)

    def norms(self, V: Tensor) -> Tensor:
        """Norm (B, h, S) of what a source position adds to the result with weight 1, ``||V_i W_O_i||``.

        Kobayashi et al. (2020), "Attention is Not Only a Weight", equation (4).
        """
        W = self._split(self.W_O.weight[None])[0].mT  # (h, d_v, d)
        # ||V W||^2 = V (W W^T) V^T: work in the width of a head instead of the width of the model.
        squared: Tensor = torch.einsum("bhsi,hij,bhsj->bhs", V.float(), (W @ W.mT).float(), V.float())
        return squared.clamp(min=0).sqrt()

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, d) -> (B, h, T, d_k)."""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class MultiHeadOverSource(Attention):
    """Multi-head attention from a recurrent decoder to a source: the state is the query, annotations are keys and values.

    Departs from the paper, which has no recurrent state: the heads together are as wide as an annotation, and so is the
    context. Keys and values of all heads are computed once per sentence; weights are (B, h, T, S), one row for each head.

    Args:
        query: width D of the state.
        key: width K of an annotation; a multiple of ``heads``.
        heads: h.
    """

    paper = "Vaswani et al."
    year = 2017
    formula = "qᵀ k / √d in every head, each with its own q, k, v"
    products = "D K + S K + K K"

    def __init__(self, query: int, key: int, heads: int = 4) -> None:
        super().__init__()
        if key % heads:
            raise ValueError(f"{heads} heads share the width of an annotation, and {key} is no multiple of {heads}")
        self.multi_head = MultiHead(key, heads, query=query)
        self.read = self.multi_head.attention.read

    def project(self, keys: Tensor) -> Tensor:
        """Keys and values of every head side by side, (B, h, S, 2 d_k), of annotations (B, S, K)."""
        return torch.cat(self.multi_head.project(keys), dim=-1)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """Energies (B, h, T, S) of every head."""
        Q, (K, _) = self.multi_head.queries(query), keys.chunk(2, dim=-1)
        return self.multi_head.attention.score(Q, K)

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        values: Tensor,  # noqa: ARG002 (the keys hold the values of the heads)
        mask: Tensor | None = None,
        step: Tensor | None = None,  # noqa: ARG002
    ) -> Attended:
        K, V = keys.chunk(2, dim=-1)
        return self.multi_head.attend(self.multi_head.queries(query), K, V, None if mask is None else mask[:, None])

    def norms(self, keys: Tensor, values: Tensor) -> Tensor:  # noqa: ARG002
        return self.multi_head.norms(keys.chunk(2, dim=-1)[1])


def _fused_is_faster(Q: Tensor) -> bool:
    """On a CPU the fused kernel is slower than two products and a softmax: twice as slow for one query, several times in
    half precision.
    """
    return Q.device.type != "cpu" or (Q.dtype == torch.float32 and Q.shape[2] > 1)
