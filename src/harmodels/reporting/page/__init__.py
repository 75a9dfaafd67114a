"""The page that shows everything, one file that opens offline."""
