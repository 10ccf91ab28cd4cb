"""Documents of a packed row do not see each other, without flash attention."""

from pathlib import Path

import pytest

from tests.training.tiny import dialogue


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_packed_row_gives_the_logits_of_its_documents_alone(
    attention: str, model_folder: Path, tokenizer: object
) -> None:
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from cmtmedqa.training import template

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(
        model_folder, attn_implementation=attention, dtype=torch.float32
    ).eval()
    rows = [template.training_ids(tokenizer, dialogue(seed)) for seed in range(3)]
    packed = {
        "input_ids": [token for ids, _ in rows for token in ids],
        "labels": [label for _, labels in rows for label in labels],
        "seq_lengths": [len(ids) for ids, _ in rows],
    }
    batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)([packed])
    with torch.no_grad():
        together = model(**{key: value for key, value in batch.items() if key != "labels"}, use_cache=False).logits[0]
        alone = torch.cat([model(torch.tensor([ids])).logits[0] for ids, _ in rows])
        plain = model(torch.tensor([packed["input_ids"]])).logits[0]
    assert (together - alone).abs().max() < 1e-4
    assert (plain - alone).abs().max() > 1e-2
    starts = [sum(packed["seq_lengths"][:place]) for place in range(len(rows))]
    assert all(batch["labels"][0][start] == template.IGNORED for start in starts)
