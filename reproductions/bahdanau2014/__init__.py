"""RNNsearch and RNNencdec (Bahdanau, Cho and Bengio, 2014)."""
