"""What the training of every paper shares.

translation, classification     the LightningModules that translators and classifiers extend
callbacks                       exact resumption, stops between steps, throughput, which checkpoints are kept
averaging, ema                  the mean of several checkpoints; a moving average of the weights
schedules                       learning rates over the steps
checkpoints                     written whole or not at all, read without running what a file brings along
tracking                        Weights & Biases, online, offline or off
"""
