#!/usr/bin/env python3
"""How much a word list and a sentence encoder add when labels are few.

    examples/few_labels.py SAYSO OUT.md [--encoder DIR] [--n 100,300] [--seeds 5] NAME=TRAIN.csv[+MORE.csv][:GROUP][@FROM,TO] ...

Each table has the columns text and label; GROUP names a column whose values never sit on both sides, FROM,TO the columns of a marked
span. For each table, number of rows and seed, rows (whole groups, where there are any) are drawn to train on, and at most 2,000 of
the rest to test on. Three models see the same rows: terms alone, terms with the bundled word list, and both with the encoder, each as
`sayso train --tune` finds it. The figure is macro-F1 on the test rows. Needs nothing but Python and the program.
"""
import argparse, csv, json, os, random, statistics, subprocess, sys, tempfile

p = argparse.ArgumentParser()
p.add_argument("sayso"); p.add_argument("out"); p.add_argument("tables", nargs="+")
p.add_argument("--encoder"); p.add_argument("--n", default="100,300"); p.add_argument("--seeds", type=int, default=5)
a = p.parse_args()
work = tempfile.mkdtemp()
csv.field_size_limit(10**8)


def read(spec):
    name, rest = spec.split("=", 1)
    rest, _, span = rest.partition("@")
    files, _, group = rest.partition(":")
    rows = []
    for path in files.split("+"):
        with open(path, encoding="utf-8", newline="") as f:
            rows += list(csv.DictReader(f))
    return name, [r for r in rows if r["text"].strip() and r["label"].strip()], group, span


def draw(rows, group, n, seed):
    """Rows to train on, each class at least 5 times, and rows to test on."""
    rng = random.Random(seed)
    for _ in range(200):
        units = {}
        for i, r in enumerate(rows):
            units.setdefault(r[group] if group else str(i), []).append(i)
        order = sorted(units); rng.shuffle(order)
        train, used = [], set()
        for u in order:
            if len(train) >= n:
                break
            train += units[u]; used.add(u)
        train = train[:n]
        counts = {}
        for i in train:
            counts[rows[i]["label"]] = counts.get(rows[i]["label"], 0) + 1
        if len(counts) == len({r["label"] for r in rows}) and min(counts.values()) >= 5:
            rest = [i for u in order if u not in used for i in units[u]]
            rng.shuffle(rest)
            return [rows[i] for i in train], [rows[i] for i in rest[:2000]]
    sys.exit(f"no draw of {n} rows has five of every class")


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        w = csv.DictWriter(f, rows[0].keys()); w.writeheader(); w.writerows(rows)


def macro_f1(train, test, group, span, blocks):
    write(f"{work}/train.csv", train); write(f"{work}/test.csv", test)
    columns = ["--text", "text", "--label", "label"] + (["--group", group] if group else []) + (["--span", span] if span else [])
    model = f"{work}/m.safetensors"
    encoder = [x for x in blocks if x.startswith("--encoder") or x in (a.encoder, f"{work}/cache")]
    for command in (["train", f"{work}/train.csv", *columns, "--tune", *blocks, "-o", model, "--force", "-q"],
                    ["evaluate", model, f"{work}/test.csv", *columns, *encoder, "--format", "json", "-q"]):
        run = subprocess.run([a.sayso, *command], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{run.stderr}")
    return 100 * json.loads(run.stdout)["axes"][0]["macro_f1"]


kinds = {"terms": ["--lexicon", "off"], "+ word list": ["--lexicon", "bundled"]}
if a.encoder:
    os.makedirs(f"{work}/cache", exist_ok=True)
    kinds["+ word list + encoder"] = ["--lexicon", "bundled", "--encoder", a.encoder, "--encoder-cache", f"{work}/cache"]
lines = []
for n in map(int, a.n.split(",")):
    lines += [f"\n## {n} rows to train on\n", "| set | " + " | ".join(kinds) + " | gain by seed |", "|---|" + "---|" * (len(kinds) + 1)]
    means = []
    for spec in a.tables:
        name, rows, group, span = read(spec)
        found = {kind: [] for kind in kinds}
        for seed in range(a.seeds):
            train, test = draw(rows, group, n, seed)
            for kind, blocks in kinds.items():
                found[kind].append(macro_f1(train, test, group, span, blocks))
        mean = [statistics.mean(v) for v in found.values()]
        means.append(mean)
        first, last = list(found.values())[0], list(found.values())[-1]
        gains = " ".join(f"{y - x:+.1f}" for x, y in zip(first, last))
        cells = [f"{mean[0]:.1f}"] + [f"{m:.1f} ({m - mean[0]:+.1f})" for m in mean[1:]]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {gains} |")
        print(lines[-1], flush=True)
    mean = [statistics.mean(column) for column in zip(*means)]
    cells = [f"{mean[0]:.1f}"] + [f"**{m:.1f} ({m - mean[0]:+.1f})**" for m in mean[1:]]
    lines.append("| **mean** | " + " | ".join(cells) + " | |")
    print(lines[-1], flush=True)
with open(a.out, "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")
