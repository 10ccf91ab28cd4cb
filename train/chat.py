"""Talk with a model: several turns, streamed, in the template and under the rules of training.

    cmtmedqa chat runs/sft
    python train/chat.py runs/sft

Where standard input is no terminal it takes one message a line and gives one reply a line. Notices go to standard error.
"""

import argparse
import sys
import threading
from collections.abc import Iterator
from typing import Any

from cmtmedqa.errors import InputError
from cmtmedqa.training import program


def main() -> None:
    # parse
    given = arguments()
    import torch

    from cmtmedqa.training import adapters, chat, emergency, lineage

    # model
    adapters.quiet()
    folder = adapters.folder_of(given.model)
    if adapters.is_reward(folder):
        raise InputError(f"{given.model}: is a reward model, it scores answers and gives none")
    device = given.device or ("cuda" if torch.cuda.is_available() else "cpu")
    model, tokenizer = adapters.load(folder, given.base, device, torch.float32 if device == "cpu" else torch.bfloat16)
    sampling = chat.Sampling(given.max_new_tokens, given.temperature, given.top_p, given.seed)
    room = chat.context_of(model, sampling.max_new_tokens)

    # talk
    ours = (folder / lineage.FILE).is_file()  # our training data have no system prompt, and serving must be training
    talk = chat.Talk(given.system if given.system is not None else "" if ours else chat.DOCTOR)
    terminal = sys.stdin.isatty()
    notice(emergency.START)
    if terminal:
        notice(chat.HELP)
    for line in lines(terminal):
        if line.startswith("/"):
            try:
                shown = talk.command(line)
            except InputError as error:
                shown = str(error)
            if shown is None:
                return
            notice(shown)
            continue
        if kind := emergency.kind_of(line):
            notice(emergency.NOTICES[kind])
        answer(line, talk, chat, model, tokenizer, sampling, room, terminal)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="train/chat.py")
    parser.add_argument("model")
    parser.add_argument("--base")
    parser.add_argument("--system")
    parser.add_argument("--device")
    parser.add_argument("--max-new-tokens", type=int, default=512)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--top-p", type=float, default=0.9)
    parser.add_argument("--seed", type=int)
    return parser.parse_args()


def lines(terminal: bool) -> Iterator[str]:
    """The patient's messages, stripped; an empty one is passed over in a terminal and answered by an empty line in a pipe."""
    if terminal:
        import readline  # noqa: F401 -- history and editing of input()
    else:
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        sys.stdout.reconfigure(encoding="utf-8")
    while True:
        try:
            line = (input("患者> ") if terminal else next(sys.stdin)).strip()
        except (EOFError, StopIteration):
            return
        except KeyboardInterrupt:
            notice("\n/exit ends")
            continue
        if line:
            yield line
        elif not terminal:
            show("\n")


def answer(
    line: str, talk: Any, chat: Any, model: Any, tokenizer: Any, sampling: Any, room: int, terminal: bool
) -> None:
    """One reply, as it is written or on one line; Ctrl-C ends it early."""
    try:
        ids, cut = chat.prompt_of(tokenizer, talk.asked(line), room)
    except InputError as error:
        talk.unanswered()
        notice(str(error))
        if not terminal:
            show("\n")
        return
    if cut:
        notice(f"({cut} earlier messages no longer fit and are forgotten)")
    stop, said = threading.Event(), []
    if terminal:
        show("医生> ")
    try:
        for piece in chat.stream(model, tokenizer, ids, sampling, stop):
            said.append(piece)
            if terminal:
                show(piece)
    except KeyboardInterrupt:
        stop.set()
    reply = "".join(said).strip()
    talk.answered(reply)
    show("\n" if terminal else chat.on_one_line(reply) + "\n")
    if not reply:
        notice("(the model gave no answer; the question does not count)")


def show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def notice(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    program.run(main)
