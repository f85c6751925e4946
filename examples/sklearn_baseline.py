#!/usr/bin/env python3
"""The same job in scikit-learn: TF-IDF of words 1-2, logistic regression at one C, probabilities of a test table.

    python3 examples/sklearn_baseline.py TRAIN.csv TEST.csv TEXT LABEL C

Prints terms, accuracy and macro-F1 as one line of JSON. Needs scikit-learn and pandas.
"""
import json
import sys

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

train_path, test_path, text, label, c = sys.argv[1:6]
train = pd.read_csv(train_path, dtype=str, keep_default_na=False)
test = pd.read_csv(test_path, dtype=str, keep_default_na=False)
vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
model = make_pipeline(vectorizer, LogisticRegression(C=float(c), max_iter=1000))
model.fit(train[text], train[label])
predicted = model.predict(test[text])
print(json.dumps({
    "terms": len(vectorizer.vocabulary_),
    "accuracy": round(accuracy_score(test[label], predicted), 4),
    "macro_f1": round(f1_score(test[label], predicted, average="macro"), 4),
}))
