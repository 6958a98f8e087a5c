"""What the training of every paper shares.

module                          the LightningModule that every paper extends: checkpoints, evaluation, learning rates
translation, classification     the LightningModules that translators and classifiers extend
resume                          a stopped and continued run is the run that was never stopped
callbacks                       exact resumption, stops between steps, throughput, which checkpoints are kept
progress                        what a training says while it runs
averaging                       the mean weights of several steps
precision                       what this machine computes fast
threads                         as many as are fast at the moment
schedules                       learning rates over the steps
adam                            the optimiser, fused where torch has that form
checkpoints                     written completely or not at all, read without running code from the file
portable                        a checkpoint to hand on, in half precision
tracking, tracking_mode         Weights & Biases; whether online, offline or off
tracked                         what a run's folder says about its W&B run
"""
