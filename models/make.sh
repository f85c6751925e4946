#!/usr/bin/env bash
# Makes the bundled model again, byte for byte:  models/make.sh [OUTPUT]
# With no output named it replaces models/bundled.safetensors and its card.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release --quiet -- train labels/seeds.csv labels/written.csv \
  --weight weight --lexicon bundled --min-df 3 --max-features 24500 --c 5 --aliases labels/aliases.csv \
  --force -o "${1:-models/bundled.safetensors}"
# What other features would add on these labels was measured by itself; the card has it from the page that does.
if [ -z "${1:-}" ]; then
  awk '/^### The axes that come with Sayso/ { p = 1; print "\n## What other features would add"; next } /^A program that uses/ { p = 0 } p' \
    docs/blocks.md >> models/bundled.card.md
fi
