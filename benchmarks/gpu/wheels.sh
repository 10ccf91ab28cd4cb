#!/usr/bin/env bash
# Bring what a GPU machine without a network lacks: run this where there is one, then carry the folder over with the checkout.
#
#   benchmarks/gpu/wheels.sh [PYTHON VERSION]        (default 3.12; wheels land in benchmarks/gpu/wheels/, which git ignores)
#
# Expected there already: torch, transformers, accelerate, peft, huggingface_hub, tokenizers, safetensors, xxhash, numpy, pandas, tqdm.
set -euo pipefail
cd "$(dirname "$0")"
version=${1:-3.12}
options=(--no-deps --only-binary=:all: --implementation cp --python-version "$version"
  --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64)
needed=(trl==1.16.0 datasets==5.2.0 pyarrow==26.0.1 dill==0.4.1 multiprocess==0.70.19)
core=(orjson zstandard pydantic pydantic_core annotated-types typing-inspection typing_extensions PyYAML
  matplotlib contourpy cycler fonttools kiwisolver pillow pyparsing python-dateutil six packaging)
mkdir -p wheels
for package in "${needed[@]}"; do python3 -m pip download "${options[@]}" -q -d wheels "$package"; done
for package in "${core[@]}"; do
  pin=$(grep -i "^$package==" ../../constraints.txt || echo "$package")
  python3 -m pip download "${options[@]}" -q -d wheels "$pin"
done
du -sh wheels
