#!/usr/bin/env bash
# Makes the bundled model again, byte for byte:  models/make.sh [OUTPUT]
# With no output named it replaces models/bundled.safetensors and its card.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release --quiet -- train labels/seeds.csv labels/written.csv \
  --min-df 3 --max-features 34000 --c 0.3 --aliases labels/aliases.csv \
  --force -o "${1:-models/bundled.safetensors}"
