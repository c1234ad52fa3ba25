"""The runnable halves of the pages in this folder."""
