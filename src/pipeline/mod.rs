//! The verbs: extract, train, evaluate, score, compare.
