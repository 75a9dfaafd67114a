"""Tables of a user's own: which files and rows are read, of whom, and of which class.

`format: table` puts these together with `harmodels.data.reading`, which reads the files.
"""
