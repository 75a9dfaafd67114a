"""From the files that training wrote to tables, figures, claims and one page.

Nothing here trains or knows how training works: the contract is `history.parquet`,
`predictions.parquet` and `run.json` of each run (see `runs`).
"""
