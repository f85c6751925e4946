#!/usr/bin/env python3
"""Processor seconds of the same stages as `examples/stages.rs`, in the tools people use today, as one JSON object.

    python3 examples/peer_stages.py TRAIN.csv TEST.csv TEXT LABEL [REPEATS] [STAGE,STAGE...]

Needs scikit-learn and pandas; liblinear-official, vowpalwabbit and fasttext are measured where they are installed. Each stage runs
REPEATS times (5, the slow ones fewer) and the median counts. One thread.
"""
import json
import os
import re
import statistics
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

train_path, test_path, text, label = sys.argv[1:5]
repeats = int(sys.argv[5]) if len(sys.argv) > 5 else 5
wanted = sys.argv[6].split(",") if len(sys.argv) > 6 else None
train = pd.read_csv(train_path, dtype=str, keep_default_na=False)
test = pd.read_csv(test_path, dtype=str, keep_default_na=False)
texts, held_out = list(train[text]), list(test[text])
two = (train[label] == train[label][0]).astype(int).to_numpy()
lengths = np.array([len(t.encode()) for t in texts])
three = np.where(lengths >= np.sort(lengths)[len(lengths) * 2 // 3], 2, two)
out = {}


def seconds(run, times=repeats):
    """The median of the processor seconds, and what the last run made."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        made = run()
        taken.append(time.process_time() - start)
    return round(statistics.median(taken), 4), made


def stage(name, measure):
    """Runs a stage unless others were asked for; a tool that is not there is left out and said so."""
    if wanted and not any(name.startswith(w) for w in wanted):
        return
    try:
        out[name] = measure()
    except ImportError as error:
        out[name] = {"missing": str(error)}
    print(name, out[name], file=sys.stderr, flush=True)


def words():
    return TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)


def chars():
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True, dtype=np.float32)


def vectorise(make):
    taken, x = seconds(lambda: make().fit_transform(texts), min(repeats, 3))
    return {"cpu_s": taken, "terms": x.shape[1], "entries": int(x.nnz)}


def objective(x, y, weights, intercepts, c):
    z = x @ weights.T + intercepts
    norm = 0.5 * float((weights**2).sum())
    if z.shape[1] == 1:
        margin = np.where(y == 1, z[:, 0], -z[:, 0])
        return norm + c * float(np.logaddexp(0, -margin).sum())
    return norm + c * float((np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y]).sum())


def solve_liblinear(x, c):
    from liblinear import liblinearutil as liblinear

    problem, parameter = liblinear.problem(two, x.astype(np.float64)), liblinear.parameter(f"-s 7 -c {c} -e 0.1 -B 1 -q")
    taken, model = seconds(lambda: liblinear.train(problem, parameter))
    weights, bias = model.get_decfun()
    sign = 1 if model.get_labels()[0] == 1 else -1
    weights = sign * np.array(weights)[None, : x.shape[1]]
    return {"cpu_s": taken, "objective": objective(x, two, weights, np.array([sign * bias]), c)}


def solve_sklearn(x, y, c, solver, tol):
    # More iterations than the defaults: it is the time to the optimum that counts.
    taken, model = seconds(lambda: LogisticRegression(C=c, solver=solver, tol=tol, max_iter=1000).fit(x, y), min(repeats, 3))
    return {"cpu_s": taken, "objective": objective(x, y, model.coef_, model.intercept_, c)}


def pipeline(make):
    return make_pipeline(make(), LogisticRegression(C=10, solver="liblinear", dual=True))


def choose_c():
    groups = np.arange(len(texts)) // 5
    grid = GridSearchCV(
        make_pipeline(words(), LogisticRegression(max_iter=1000)),
        {"logisticregression__C": np.logspace(-2, 2, 13)},
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        scoring="neg_log_loss",
        refit=False,
    )
    taken, grid = seconds(lambda: grid.fit(texts, two, groups=groups), 1)
    return {"cpu_s": taken, "C": grid.best_params_["logisticregression__C"]}


def plain(text):
    """What the hashing learners are handed: lower case, no punctuation. Not timed."""
    return " ".join(re.findall(r"\w\w+", text.lower()))


def vowpal():
    from vowpalwabbit import Workspace

    lines = [f"{1 if y else -1} | {plain(t)}" for t, y in zip(texts, two)]
    tests = [f"| {plain(t)}" for t in held_out]

    def learn():
        vw = Workspace("--loss_function logistic -b 22 --ngram 2 --quiet")
        for line in lines:
            vw.learn(line)
        return vw

    taken, vw = seconds(learn)
    scored, _ = seconds(lambda: [vw.predict(line) for line in tests])
    return {"cpu_s": taken, "score_cpu_s": scored}


def vowpal_program():
    """The program itself, where `vw` is on the path: no Python between it and the text."""
    import shutil
    import subprocess

    program = shutil.which("vw")
    if program is None:
        raise ImportError("no program vw")
    folder = tempfile.mkdtemp()
    for name, rows in (("train", zip(texts, two)), ("test", zip(held_out, [1] * len(held_out)))):
        with open(f"{folder}/{name}", "w") as file:
            file.writelines(f"{1 if y else -1} | {plain(t)}\n" for t, y in rows)

    def run(*arguments):
        before = os.times()
        subprocess.run([program, *arguments, "--quiet"], check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    learn = ["-d", f"{folder}/train", "--loss_function", "logistic", "-b", "22", "--ngram", "2", "-f", f"{folder}/model"]
    score = ["-t", "-d", f"{folder}/test", "-i", f"{folder}/model", "-p", f"{folder}/out"]
    return {
        "cpu_s": round(statistics.median(run(*learn) for _ in range(repeats)), 4),
        "score_cpu_s": round(statistics.median(run(*score) for _ in range(repeats)), 4),
    }


def fast_text():
    import fasttext

    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"__label__{y} {plain(t)}\n" for t, y in zip(texts, two))
        file.flush()
        learn = lambda: fasttext.train_supervised(file.name, wordNgrams=2, epoch=5, lr=0.5, dim=10, thread=1, verbose=0)
        taken, model = seconds(learn, min(repeats, 3))
    tests = [plain(t) for t in held_out]
    scored, _ = seconds(lambda: model.f.multilinePredict(tests, 1, 0.0, "strict"), min(repeats, 3))
    return {"cpu_s": taken, "score_cpu_s": scored}


def score(make):
    model = pipeline(make).fit(texts, two)
    taken, _ = seconds(lambda: model.predict_proba(held_out), min(repeats, 3))
    return {"cpu_s": taken}


def train_all():
    taken, _ = seconds(lambda: pipeline(words).fit(texts, two), min(repeats, 3))
    return {"cpu_s": taken}


stage("vectorise words", lambda: vectorise(words))
stage("vectorise chars", lambda: vectorise(chars))
needs_x = ("LIBLINEAR", "scikit-learn")
if not wanted or any(w.startswith(needs_x) for w in wanted):
    x = words().fit_transform(texts)
    for c in (1, 10):
        stage(f"LIBLINEAR, 2 classes, C {c}", lambda c=c: solve_liblinear(x, c))
    for solver, tol in (("lbfgs", 1e-4), ("lbfgs", 1e-6), ("newton-cg", 1e-4), ("newton-cg", 1e-6), ("sag", 1e-4), ("saga", 1e-4)):
        stage(f"scikit-learn {solver} tol {tol}, 3 classes, C 1", lambda s=solver, t=tol: solve_sklearn(x, three, 1, s, t))
stage("train words, C 10", train_all)
stage("Vowpal Wabbit", vowpal)
stage("vw program", vowpal_program)
stage("fastText", fast_text)
stage("score words", lambda: score(words))
stage("score chars", lambda: score(chars))
stage("choose C", choose_c)
print(json.dumps(out, indent=2))
