"""Expert ranking of candidate replies in Label Studio, and what follows from it: agreement, adjudication, preference pairs."""
