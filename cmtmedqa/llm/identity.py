"""Replies that say who wrote them: an expert must not recognise the model."""

import re
from collections.abc import Sequence

_SELF = "(?:我|本人|这里|在下)(?:就|其实)?(?:是|叫|叫做|名叫|作为)|作为(?:一[个名位款]|您的|你的)?|身为(?:一[个名位])?"
_MACHINE = "(?:人工智能|[Aa][Ii]|大?语言模型|大模型|(?:医疗|医学|智能|健康|问诊|虚拟){1,3}(?:助手|助理|顾问|机器人|问答|系统|模型|医生)|聊天机器人|机器人|语言助手|程序)"
_IDENTITY = re.compile(
    f"(?:{_SELF})[^。！？!?\n]{{0,16}}?{_MACHINE}|(?:我|本人)(?:就|其实)?(?:是|叫|叫做|名叫)(?:来自|由)?[^。，！？!?\n\\s]{{1,12}}(?:医院|医生|大夫|主任|教授|科)(?![^。，！？\n]{{0,4}}[吗?？])"
    "|(?:由|被)[^。，！？!?\n]{1,16}(?:开发|研发|训练|推出|打造)(?:的|而成)?"
)
# Names of models and of the companies behind them, as they appear in self-introductions; latin ones as whole words.
_HAN_NAMES = (
    "通义千问", "通义", "千问", "文心一言", "文心", "讯飞星火", "星火认知", "智谱清言", "智谱", "百川", "混元", "豆包", "盘古大模型", "月之暗面",
    "深度求索", "书生浦语", "华佗GPT", "神农", "扁鹊", "本草模型", "仲景", "姜子牙", "灵医", "商汤", "阶跃星辰", "零一万物", "阿里云", "科大讯飞",
)  # fmt: skip
_LATIN_NAMES = (
    "gpt", "chatgpt", "openai", "claude", "anthropic", "gemini", "bard", "llama", "qwen", "chatglm", "glm", "deepseek", "baichuan", "ernie",
    "kimi", "moonshot", "yi", "internlm", "mistral", "huatuogpt", "bentsao", "doctorglm", "ziya", "bianque", "minimax", "copilot", "grok",
)  # fmt: skip
# These are also medical terms or ordinary words, so they count only where the text speaks of itself.
_AMBIGUOUS = frozenset(("仲景", "扁鹊", "神农", "百川", "星火认知", "yi", "glm", "bard", "商汤"))
_ABOUT_SELF = re.compile("我是|我叫|作为|名叫|开发|研发|训练|模型|助手")


def names_a_model(text: str, aliases: Sequence[str] = ()) -> bool:
    """Whether a reply names a model or its maker; `aliases` are the names that the models of this run go by."""
    lowered = text.lower()
    speaks_of_itself = bool(_ABOUT_SELF.search(text))
    for name in (*_HAN_NAMES, *_LATIN_NAMES, *(alias.lower() for alias in aliases if len(alias) > 2)):
        if name in _AMBIGUOUS and not speaks_of_itself:
            continue
        if name.isascii():
            if re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", lowered):
                return True
        elif name in text:
            return True
    return False


def says_who_it_is(text: str) -> bool:
    """Whether a reply introduces itself (我是…助手, 作为人工智能, 由…开发)."""
    return _IDENTITY.search(text) is not None
