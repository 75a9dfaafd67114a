"""A user's own recordings, classified by a model: read, checked, resampled, cut, drawn.

Everything streams: a chunk of rows at a time, with the same result for any size of the chunks.
"""
