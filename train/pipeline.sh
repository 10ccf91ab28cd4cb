#!/usr/bin/env bash
# The whole chain on a CPU, from raw dialogues to a PPO adapter that answers: minutes on 2 cores, no download, no GPU.
#
#   train/pipeline.sh [FOLDER]         (make pipeline)
#
# Everything is tiny and the rankings come from a rule, so what the model says at the end means nothing; that every part fits the next
# one is the point. Run again after a kill it goes on where it stopped. CMTMEDQA and PYTHON name other commands than those on the PATH.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
read -r -a cmtmedqa <<< "${CMTMEDQA:-cmtmedqa}"
python=${PYTHON:-python3}
runs=${1:-pipeline}
export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1
mkdir -p "$runs"

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS" >&2; }
train() { # stage, base, then key=value …
  local stage=$1 base=$2
  shift 2
  "${cmtmedqa[@]}" train "$stage" --recipe tiny model="$base" output="$runs/$stage" threads=1 "$@"
}
merge() { [ -d "$2" ] || "${cmtmedqa[@]}" merge "$1" -o "$2" --dtype float32; }

step "dialogues: clean, de-identify, deduplicate, split"
"${cmtmedqa[@]}" build --demo -o "$runs/dataset"

step "a base model with random weights"
[ -d "$runs/base" ] || "$python" "$here/random_base.py" "$runs/dataset" -o "$runs/base" \
  --hidden 96 --layers 2 --head-size 24 --intermediate 288 --vocabulary 1536

step "pre-train on the dialogues as text"
train pretrain "$runs/base" data="$runs/dataset" max_length=384 per_device_train_batch_size=8 learning_rate=3e-3 \
  logging_steps=10 eval_steps=20 save_steps=20

step "fine-tune on the doctor's turns"
train sft "$runs/pretrain/model" data="$runs/dataset" max_length=384 per_device_train_batch_size=8 learning_rate=5e-3 num_train_epochs=5 \
  logging_steps=10 eval_steps=50 save_steps=50

step "sample answers, rank them by a rule"
[ -f "$runs/rankings.jsonl" ] || "$python" "$here/demo_rankings.py" "$runs/sft" "$runs/dataset" -o "$runs/rankings.jsonl"

step "reward model"
train reward "$runs/sft/model" data="$runs/rankings.jsonl" max_length=384 num_train_epochs=2

step "PPO"
train ppo "$runs/sft/model" reward_model="$runs/reward/model" data="$runs/dataset" max_length=384 max_new_tokens=64 max_steps=6

step "one model of base and adapter"
merge "$runs/ppo" "$runs/ppo-merged"

step "ask it"
echo "医生您好，我咳嗽三天了，需要做什么检查？" | "${cmtmedqa[@]}" chat "$runs/ppo-merged" --max-new-tokens 64 --seed 1
step "done: reports in $runs/*/README.md, curves in $runs/*/curves.png"
