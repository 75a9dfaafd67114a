"""From a file as a program writes it to samples in the order of time.

Training tables (`format: table`), the commands and the live page read alike: `form` reads off how
the text is written, `table` gives its columns in batches, `meaning` says which column is what,
`clock` turns times into seconds that rise, and `recording` puts them together. What the samples
themselves reveal is in `harmodels.data.look`.
"""
