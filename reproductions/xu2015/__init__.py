"""Show, attend and tell: captions with soft and hard attention (Xu et al., 2015)."""
