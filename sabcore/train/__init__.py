"""Training: losses, optimisers, the loop over any model and any task, and runs that survive being killed.

loss          a loss and its gradient
optim         Adam, SGD, clipping
model         what learns: SAB and plain LSTMs, or anything with their few methods
task          what is learned
settings      what a run is made with
curriculum    short sequences first
learner       one model in training, one step of it; nothing non-finite gets in
loop          several models side by side
run           a run in a folder: log, checkpoint, resume
lock          one process a folder
log           one line a step
tensorboard   a log's numbers as TensorBoard's events
checkpoint    a run in one file
experiment    task, models and settings from a TOML file
begin         the folder of an experiment
sweep         an experiment over a grid of values and several seeds, on Dask
"""
