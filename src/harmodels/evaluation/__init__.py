"""From predictions and histories to numbers: top-k, confusion, statistics, claims.

Every function takes frames and arrays and gives frames and arrays; nothing here opens a file.
Axes: N sequences, C classes, R replicates. A frame of predictions has the columns `replicate`,
`checkpoint`, `split`, `id`, `label` and one score a class, `score_0` to `score_{C-1}`.
"""
