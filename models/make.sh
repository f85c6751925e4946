#!/usr/bin/env bash
# Makes the bundled model again, byte for byte:  models/make.sh [OUTPUT]
# With no output named it replaces models/bundled.safetensors and its card.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release --quiet -- train labels/seeds.csv labels/written.csv \
  --min-df 3 --max-features 34000 --c 0.3 --aliases labels/aliases.csv \
  --force -o "${1:-models/bundled.safetensors}"
# What other features would add on these labels was measured once; the card says where.
card=models/bundled.card.md
if [ -z "${1:-}" ]; then
  printf '\nWhat a word list or a sentence encoder would add on these labels, situation by situation: docs/blocks.md, “The axes that come with Sayso”.\n' >> "$card"
fi
