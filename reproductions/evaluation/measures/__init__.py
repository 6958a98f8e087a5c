"""Numbers about records.

alignment       hard links, alignment error rate against gold, baselines, reordering
symmetrisation  one set of links from both directions: grow-diag, intersection, union
attention       entropy, coverage, mass on </s>, monotonicity, agreement of two models
heads           which heads of self-attention to draw (Vaswani et al. 2017, Figures 3 to 5)
text            sacreBLEU, tokenised BLEU, chrF, and BLEU's sufficient statistics
lengths         BLEU against source length (Bahdanau et al. 2014, Figure 2)
bootstrap       confidence intervals and paired comparison for any statistic of sums
localisation    does a map find the object: measures against masks beside controls
removal         deletion and insertion: does the class depend on what the map marks, beside controls
intervention    does a model need the word that it looks at: changed attention beside a missing word
calibration     accuracy, calibration error, confusion
vit             filters, positions and attention distance of a Vision Transformer
captions        what in a caption is true of the scene
"""
