"""The paper's tables: what each cell trains, what came out of it, and the page that says so.

tables     the tables as TOML files: rows are systems, columns are tasks
table      such a file
cell       one row with one seed: trained in a folder of its own, and measured
recorded   the results that come with the package
summary    what the seeds of a cell say together
figures    the tables of docs/reproduce.md
"""
