"""What is measured and drawn: records, views, metrics, plots. Numpy only; no model is reached into.

    records             AlignedTranslation, Translated: what everything below reads; JSON lines on disk
    views               which layer, head and step of a model's maps make its one alignment matrix; pieces
                        into words
    alignment_metrics   hard links, alignment error rate against gold, baselines, reordering
    attention_health    entropy, coverage, mass on </s>, monotonicity, agreement of two models
    text_metrics        sacreBLEU, tokenised BLEU, chrF, and BLEU's sufficient statistics
    bootstrap           confidence intervals and paired comparison for any statistic of sums
    length_curves       BLEU against source length (Bahdanau et al. 2014, Figure 2)
    image_records       AttendedImage, the twin of AlignedTranslation for images
    image_views         which weights and gradients make the one map of an image: rollouts, Grad-CAM, controls
    localisation        does a map find the object: measures against masks beside controls
    removal             deletion and insertion: does the class hang on what the map holds, beside controls
    calibration         accuracy, calibration error, confusion
    vit_inspection      filters, positions and attention distance of a Vision Transformer
    plots               record -> matplotlib Figure
    files               Figure -> file

Letters: T target positions, S source positions, both with the final </s>; L layers, H heads; gh, gw rows and columns of
patches.
Rows are the target and columns the source everywhere.
"""
