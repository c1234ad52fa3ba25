"""Exercises: one line of the engine is blank, the reader fills it in, and learns whether it is right or what it is.

catalogue    the exercises, in order
sheet        an exercise as a file: a part of the engine with its line blank
check        the reader's file in the engine's place, against the right engine and every named mistake
worker       the process in which the reader's code runs
"""
