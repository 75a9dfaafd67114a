"""The estimators as classifiers of other libraries, a module each, named after the library."""
