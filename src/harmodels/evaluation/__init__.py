"""Scores, intervals and verdicts computed from predictions and histories.

Every function takes frames and arrays and gives frames and arrays; nothing here opens a file.
Axes: N sequences, C classes, R replicates. A frame of predictions has the columns `replicate`,
`checkpoint`, `split`, `id`, `label` and one score a class, `score_0` to `score_{C-1}`.
`docs/statistics.md` says which interval is used where.
"""
