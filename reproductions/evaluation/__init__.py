"""What is measured and drawn: records, views, metrics, plots. Numpy only; no model is reached into.

    records             AlignedTranslation, Translated: what everything below reads; JSON lines on disk
    views               which layer, head and step of a model's maps make its one alignment matrix; pieces
                        into words
    alignment_metrics   hard links, alignment error rate against gold, baselines, reordering
    attention_health    entropy, coverage, mass on </s>, monotonicity, agreement of two models
    text_metrics        sacreBLEU, tokenised BLEU, chrF, and BLEU's sufficient statistics
    bootstrap           confidence intervals and paired comparison for any statistic of sums
    length_curves       BLEU against source length (Bahdanau et al. 2014, Figure 2)
    plots               record -> matplotlib Figure
    files               Figure -> file

Letters: T target positions, S source positions, both with the final </s>; L layers, H heads.
Rows are the target and columns the source everywhere.
"""
