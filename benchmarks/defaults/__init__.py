"""The data sets on which the estimators' defaults were chosen, and what the defaults reach."""
