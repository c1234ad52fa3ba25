"""Training: losses, optimisers, the loop, runs that survive being killed, and the tasks.

loss          a loss and its gradient
optim         Adam, SGD, clipping
loop          one step of several models on the same batch; nothing non-finite gets in
run           a run in a folder: log, checkpoint, resume
checkpoint    a run in one file
task          what is learned
"""
