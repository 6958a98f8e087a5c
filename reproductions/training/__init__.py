"""What the training of every paper shares.

module                          the LightningModule that every paper extends: checkpoints, evaluation, learning rates
translation, classification     the LightningModules that translators and classifiers extend
callbacks                       exact resumption, stops between steps, throughput, which checkpoints are kept
averaging                       the mean of several checkpoints
schedules                       learning rates over the steps
checkpoints                     written whole or not at all, read without running what a file brings along
tracking, tracking_mode         Weights & Biases; whether online, offline or off
"""
