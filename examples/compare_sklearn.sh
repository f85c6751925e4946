#!/usr/bin/env bash
# Trains and tests on any two tables with Sayso and with scikit-learn, each as a whole process on one core, and prints
# a Markdown table: CPU seconds (user and system), seconds by the clock, peak memory, accuracy.
#
#   examples/compare_sklearn.sh TRAIN.csv TEST.csv TEXT-COLUMN LABEL-COLUMN [C]
#
# Needs GNU time, and a Python with scikit-learn and pandas (PYTHON names it). SAYSO names the program.
set -euo pipefail
train=$1 test=$2 text=$3 label=$4 c=${5:-10}
sayso=${SAYSO:-target/release/sayso} python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
here=$(dirname "$0")

timed() { # name, then the command
  local name=$1
  shift
  env time -f '%U %S %e %M' -o "$folder/$name.time" "$@" > "$folder/$name.out" 2> "$folder/$name.err"
}
row() { # title, name, accuracy
  awk -v title="$1" -v accuracy="$3" \
    '{ printf "| %s | %.2f | %.2f | %.0f MB | %s |\n", title, $1 + $2, $3, $4 / 1024, accuracy }' "$folder/$2.time"
}

timed train "$sayso" train "$train" --text "$text" --label "$label" --char-ngrams off --folds 0 --c "$c" \
  --threads 1 -o "$folder/m.safetensors"
timed evaluate "$sayso" evaluate "$folder/m.safetensors" "$test" --text "$text" --label "$label" --threads 1 --format json
timed sklearn "$python" "$here/sklearn_baseline.py" "$train" "$test" "$text" "$label" "$c"
ours=$("$python" -c 'import json, sys; print(round(json.load(open(sys.argv[1]))["axes"][0]["accuracy"], 4))' "$folder/evaluate.out")
theirs=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["accuracy"])' "$folder/sklearn.out")

echo "$("$sayso" --version); $("$python" -c 'import sklearn; print("scikit-learn", sklearn.__version__)'); $(uname -m), $(nproc --all) cores; $(date -u +%F)"
echo
echo "| whole process, one thread | CPU s | clock s | peak memory | accuracy |"
echo "|---|---|---|---|---|"
row "sayso train" train ""
row "sayso evaluate" evaluate "$ours"
row "scikit-learn, both" sklearn "$theirs"
