#!/usr/bin/env bash
# Counts the instructions of the two hot loops under valgrind and compares them with those on record:
#   benches/instructions.sh [--record]
# More than a tenth above the record fails. A count holds for one compiler: with another there is nothing to compare.
set -euo pipefail
cd "$(dirname "$0")/.."
record=benches/instructions.txt
compiler=$(rustc --version)
cargo build --release --quiet --example hot_loops
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export RAYON_NUM_THREADS=1
counts=""
for loop in hot_vectorise hot_score; do
  valgrind --tool=callgrind --callgrind-out-file="$folder/$loop" --toggle-collect="*$loop*" \
    target/release/examples/hot_loops > /dev/null 2> "$folder/log"
  n=$(sed -n 's/^totals: \([0-9]*\).*/\1/p' "$folder/$loop")
  counts+="$loop $n"$'\n'
done
if [ "${1:-}" = --record ]; then
  { echo "$compiler"; printf '%s' "$counts"; } > "$record"
  cat "$record"
  exit 0
fi
if [ "$(head -1 "$record")" != "$compiler" ]; then
  echo "the record is of $(head -1 "$record"), this is $compiler: not compared"
  exit 0
fi
printf '%s' "$counts" | while read -r loop n; do
  before=$(awk -v loop="$loop" '$1 == loop { print $2 }' "$record")
  echo "$loop: $n instructions, $before on record"
  if [ "$n" -gt $((before + before / 10)) ]; then
    echo "$loop takes over a tenth more instructions than on record; if that is meant: benches/instructions.sh --record" >&2
    exit 1
  fi
done
