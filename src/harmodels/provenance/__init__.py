"""How the results of a project came to be: a record for machines, a page for people."""
