#!/usr/bin/env python3
"""Sayso's stages beside those of the tools people use today, as a Markdown table.

    python3 examples/compare_stages.py TRAIN.csv TEST.csv TEXT LABEL [ROUNDS]

Runs `stages` (built with `cargo build --release --example stages`) and `peer_stages.py` in turn on one core, ROUNDS times (3), and
takes the median of each stage's processor seconds. What a peer's stage is measured against stands in `PAIRS`.
"""
import json
import os
import statistics
import subprocess
import sys

# Title, our stage, the peer's stage, which of the peer's figures.
PAIRS = [
    ("vectorise, words 1–2 | scikit-learn", "vectorise words", "vectorise words", "cpu_s"),
    ("vectorise, characters 3–5 | scikit-learn", "vectorise chars", "vectorise chars", "cpu_s"),
    ("two classes, C 1 | LIBLINEAR -s 7", "solve 2 classes, C 1", "LIBLINEAR, 2 classes, C 1", "cpu_s"),
    ("two classes, C 10 | LIBLINEAR -s 7", "solve 2 classes, C 10", "LIBLINEAR, 2 classes, C 10", "cpu_s"),
    ("three classes, C 1 | scikit-learn newton-cg, tol 1e-6", "solve 3 classes, C 1", "scikit-learn newton-cg tol 1e-06, 3 classes, C 1", "cpu_s"),
    ("three classes, C 1 | scikit-learn sag", "solve 3 classes, C 1", "scikit-learn sag tol 0.0001, 3 classes, C 1", "cpu_s"),
    ("train from text | scikit-learn with liblinear", "train words, C 10", "train words, C 10", "cpu_s"),
    ("train from text | Vowpal Wabbit, one pass", "train words, C 10", "Vowpal Wabbit", "cpu_s"),
    ("train from text | fastText, wordNgrams 2", "train words, C 10", "fastText", "cpu_s"),
    ("score, words 1–2 | scikit-learn", "score words", "score words", "cpu_s"),
    ("score, words 1–2 | Vowpal Wabbit", "score words", "Vowpal Wabbit", "score_cpu_s"),
    ("score, words 1–2 | fastText", "score words", "fastText", "score_cpu_s"),
    ("score, characters 3–5 | scikit-learn", "score chars", "score chars", "cpu_s"),
]

train, test, text, label = sys.argv[1:5]
rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 3
here = os.path.dirname(os.path.abspath(__file__))
ours_command = [os.path.join(here, "../target/release/examples/stages"), train, test, text, label, "3"]
peers_command = [sys.executable, os.path.join(here, "peer_stages.py"), train, test, text, label, "1"]
wanted = "vectorise,LIBLINEAR,scikit-learn newton-cg tol 1e-06,scikit-learn sag ,train,Vowpal,fastText,score"
one_core = ["taskset", "-c", "0"]
ours, peers = [], []
for _ in range(rounds):
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    ours.append(json.loads(subprocess.run(one_core + ours_command, env=environment, check=True, capture_output=True).stdout))
    found = subprocess.run(one_core + peers_command + [wanted], check=True, capture_output=True)
    peers.append(json.loads(found.stdout))


def median(of, stage, figure="cpu_s"):
    return statistics.median(run[stage][figure] for run in of if figure in run.get(stage, {}))


print("| stage | peer | peer, CPU s | Sayso, CPU s | ratio |\n|---|---|---|---|---|")
for title, stage, peer, figure in PAIRS:
    if any(figure in run.get(peer, {}) for run in peers):
        theirs, own = median(peers, peer, figure), median(ours, stage)
        print(f"| {title} | {theirs:.2f} | {own:.3f} | {theirs / own:.1f}× |")
megabytes = ours[0]["test"]["megabytes"]
statements = ours[0]["score statements"]["statements"]
print(f"\nScoring: words {megabytes / median(ours, 'score words'):.0f} MB/s, characters {megabytes / median(ours, 'score chars'):.0f} MB/s, "
      f"{statements / median(ours, 'score statements') / 1e6:.2f} million statements of 200 bytes a second.")
for name in ("solve 2 classes, C 1", "solve 2 classes, C 10", "solve 3 classes, C 1"):
    print(f"{name}: objective {ours[0][name]['objective']:.3f}, gap at most {ours[0][name]['gap']:.1e}")
for name in peers[0]:
    if "objective" in peers[0][name]:
        print(f"{name}: objective {peers[0][name]['objective']:.3f}")
