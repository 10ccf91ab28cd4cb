#!/usr/bin/env bash
# What training costs on one GPU: pretrain -> sft -> reward -> ppo on a random-initialised model of the shape of Qwen3-0.6B, bf16,
# and plain trl's SFTTrainer at the settings of ours, in one run. No network is needed (benchmarks/gpu/wheels.sh brings what is missing).
#
#   benchmarks/gpu/run.sh OUTPUT             one GPU of 24 GB or more, some minutes
#   benchmarks/gpu/run.sh OUTPUT --cpu       the same steps with a tiny model, to see that they run; its figures say nothing
#
# OUTPUT/results.json and OUTPUT/results.md hold the figures. PYTHON names another interpreter, SAMPLES another number of dialogues.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here="$root/benchmarks/gpu"
python=${PYTHON:-python3}
output=$(mkdir -p "$1" && cd "$1" && pwd)
mode=${2:---gpu}
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" PYTHONSAFEPATH=1 HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 TOKENIZERS_PARALLELISM=false
export CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES-0}

if compgen -G "$here/wheels/*.whl" > /dev/null && [ "$mode" = --gpu ]; then
  missing=()
  for wheel in "$here"/wheels/*.whl; do # only what this machine lacks: its own torch stack stays as it is
    name=$(basename "$wheel" | cut -d- -f1)
    "$python" -c "import importlib.metadata as m; m.version('$name')" 2> /dev/null || missing+=("$wheel")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    "$python" -m pip install -q --no-index --no-deps --target "$output/packages" "${missing[@]}"
  fi
  export PYTHONPATH="$PYTHONPATH:$output/packages"
fi

if [ "$mode" = --cpu ]; then
  export CUDA_VISIBLE_DEVICES="" OMP_NUM_THREADS=1
  samples=${SAMPLES:-24} recipe=tiny
  shape=(--vocabulary 2048)
  common=(report_to=[] threads=1)
  pack=(max_length=512 per_device_train_batch_size=1 gradient_accumulation_steps=2)
  rank=(max_length=512 per_device_train_batch_size=2)
  ppo=(max_length=256 max_new_tokens=16 rollouts=8 mini_batch_size=4 per_device_train_batch_size=4 max_steps=2)
else
  samples=${SAMPLES:-6000} recipe=modern
  shape=(--hidden 1024 --layers 28 --heads 16 --kv-heads 8 --head-size 128 --intermediate 3072 --vocabulary 151936 --dtype bfloat16)
  common=(report_to=[] threads=8)
  pack=(tuning=full dtype=float32 gradient_checkpointing=false max_length=8192 per_device_train_batch_size=1 gradient_accumulation_steps=4)
  rank=(max_length=2048 per_device_train_batch_size=8 gradient_accumulation_steps=1)
  ppo=(max_length=1536 max_new_tokens=512 rollouts=64 mini_batch_size=32 per_device_train_batch_size=8 max_steps=6)
fi
many=(logging_steps=1000 eval_steps=100000 save_steps=100000)

measured() { "$python" -m benchmarks.gpu.measured "$output/$1.json" "$root/train/$1.py" --recipe "$recipe" output="$output/$1" overwrite=true "${common[@]}" "${@:2}"; }

"$python" -m benchmarks.gpu.make_data "$output" --dialogues "$samples"
[ -d "$output/base" ] || "$python" "$root/train/random_base.py" "$output/dialogues.jsonl" -o "$output/base" "${shape[@]}"
measured pretrain model="$output/base" data="$output/dialogues.jsonl" num_train_epochs=1 "${many[@]}" "${pack[@]}"
measured sft model="$output/base" data="$output/dialogues.jsonl" packing=true num_train_epochs=1 "${many[@]}" "${pack[@]}"
"$python" -m benchmarks.gpu.plain_trl "$output" "$mode" "${pack[@]}"
measured reward model="$output/sft/model" data="$output/rankings.jsonl" num_train_epochs=1 "${many[@]}" "${rank[@]}"
measured ppo model="$output/sft/model" reward_model="$output/reward/model" data="$output/dialogues.jsonl" \
  logging_steps=1 eval_steps=100000 save_steps=100000 "${ppo[@]}"
"$python" -m benchmarks.gpu.report "$output"
