"""What the processes of the tests have loaded before they begin."""

from importlib.util import find_spec

if all(find_spec(name) for name in ("torch", "transformers", "trl", "peft", "accelerate", "datasets")):
    import torch
    import transformers.trainer
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, Qwen3ForCausalLM
    from trl import DPOTrainer, GRPOTrainer, RewardTrainer, SFTTrainer
    from trl.trainer import sft_trainer

    torch.set_num_threads(1)
    LOADED = (
        transformers.trainer, LoraConfig, get_peft_model, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer,
        Qwen3ForCausalLM, DPOTrainer, GRPOTrainer, RewardTrainer, SFTTrainer, sft_trainer,
    )  # fmt: skip
