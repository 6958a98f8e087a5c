"""What is measured and drawn: records, views, metrics, plots. Most of it is numpy alone; what needs a model stands last.

What is known of one sentence or image:

    records             AlignedTranslation, Translated: what everything below reads; JSON lines on disk
    language_records    ReadSentence, SelfAttended: likewise of a language model
    image_records       AttendedImage, the twin of AlignedTranslation for images
    caption_records     CaptionedImage: an image and a map for each word
    record_fields       between the fields of a record and its JSON line
    views               which layer, head and step of a model's maps make its one alignment matrix; pieces
                        into words
    image_views         which weights and gradients make the one map of an image: rollouts, Grad-CAM, controls

What is measured:

    alignment_metrics   hard links, alignment error rate against gold, baselines, reordering
    aligner             links for a corpus without gold, by a statistical aligner
    attention_health    entropy, coverage, mass on </s>, monotonicity, agreement of two models
    text_metrics        sacreBLEU, tokenised BLEU, chrF, and BLEU's sufficient statistics
    bootstrap           confidence intervals and paired comparison for any statistic of sums
    length_curves       BLEU against source length (Bahdanau et al. 2014, Figure 2)
    localisation        does a map find the object: measures against masks beside controls
    removal             deletion and insertion: does the class hang on what the map holds, beside controls
    calibration         accuracy, calibration error, confusion
    vit_inspection      filters, positions and attention distance of a Vision Transformer
    caption_truth       what of a caption is true of the scene
    scores              all scores of a split of translations; language_scores, image_scores and caption_scores likewise
    image_report        the lines below a classifier's table of scores; caption_report likewise
    plots               record -> matplotlib Figure
    files               Figure -> file

What a trained model is asked for, with torch; how it came to its answer stays in its own files:

    collect             from an evaluation step to records; language_collect, image_collect and caption_collect likewise
    log                 the callback that gathers, scores, draws and writes; language_log, image_log and caption_log likewise
    gather              what several processes have collected, and of which weights it is
    untrained           the same network before any training, as a control
    image_asked         two objects: is the one found whose class is asked for
    image_grounds       the same objects on another ground
    image_removal       deletion and insertion, asked of a classifier
    image_written       what a tested split of images leaves behind
    image_films         where a model looks, layer by layer, as a row and as a film

Letters: T target positions, S source positions, both with the final </s>; L layers, H heads; gh, gw rows and columns of
patches.
Rows are the target and columns the source everywhere.
"""
