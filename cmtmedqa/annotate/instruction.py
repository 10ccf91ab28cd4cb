"""What an expert reads on entering a project, in Chinese, made from the rubric: the HTML of Label Studio's instruction.

Label Studio strips styles from it; how it looks stands in screen.css.
"""

from html import escape

from cmtmedqa.annotate.screen import Layout
from cmtmedqa.rubric import Dimension, Rubric

_STEPS = (
    "读左边的对话，看清患者<b>最后一句</b>在问什么、前面已经说过什么。",
    "读完全部回答，再动手。先看有没有危险的回答，再看谁最好。",
    "{how}",
    "评语可以不填。看出医学错误时请写一句错在哪里，这对后面的人最有用。",
    "点右下角「提交」，自动进入下一题。没填完时会提示缺哪一项。",
)
_HOW: dict[Layout, str] = {
    "cards": "每条回答：选名次（1 最好，<b>可以并列</b>），给每个维度打星，有问题就勾选右边对应的一项（没有就不勾）。",
    "board": "把全部回答从左栏拖到右栏，最好的放最上面；再给每条回答的每个维度打星，有问题就勾选对应的一项（没有就不勾）。",
    "pairwise": "先选总体上哪一个更好（<b>可以不相上下</b>），再逐个维度比较；有严重危险的，在「绝不能采用」里勾选（没有就不勾）。",
}
_BUTTONS = (
    ("提交（Submit）", "保存这一题，进入下一题。提交后仍可用「上一题」回来改，改完点「保存修改（Update）」。"),
    ("跳过（Skip）", "只在<b>不该由您来评</b>时用：不是医疗问题、看不懂、认识当事人。太难、太像都不是跳过的理由。"),
    ("上一题、下一题（&lt; &gt;）", "回看刚评过的题；「下一题」只是先放一放，题目稍后还会出现。"),
    ("添加（Add）", "评语写完不用点它，提交时自动保存。"),
)


def instruction(rubric: Rubric, layout: Layout = "cards") -> str:
    """The instruction of a project: how to work, the order of the dimensions, what a star means, ties, veto, buttons."""
    order = " → ".join(dimension.name.zh for dimension in rubric.dimensions)
    parts = [
        _heading("怎样评一道题"),
        "<ol>" + "".join(f"<li>{step.replace('{how}', _HOW[layout])}</li>" for step in _STEPS) + "</ol>",
        _heading(f"先后次序：{order}"),
        "<p>上面的维度分出高下，下面的就不再影响名次：一条危险的回答，写得再好也排在后面。</p>",
        _table(
            ("维度", "问自己", "可以勾选的问题"),
            [(dimension.name.zh, dimension.question.zh, _tags(dimension)) for dimension in rubric.dimensions],
        ),
        *([] if layout == "pairwise" else _stars(rubric)),
        _heading("并列"),
        f"<p>{escape(rubric.tie.zh)}</p>",
        _heading("一票否决"),
        f"<p>{escape(rubric.veto.zh)}</p>",
        _heading("按钮"),
        _table(("按钮", "作用"), _BUTTONS, raw=True),
        "<p>随时可以点右上角「评审说明（Instructions）」再看一遍。每道题都是独立的，回答的先后次序是打乱的，也看不到出自哪个模型。</p>",
        f"<p>评分标准版本 {escape(rubric.version)}</p>",
    ]
    return "\n".join(parts) + "\n"


def _stars(rubric: Rubric) -> list[str]:
    head = ("", *(dimension.name.zh for dimension in rubric.dimensions))
    rows = [
        (f"{score} 星", *(dimension.scores[score - 1].zh for dimension in rubric.dimensions))
        for score in range(5, 0, -1)
    ]
    return [_heading("几颗星是什么意思"), _table(head, rows)]


def _tags(dimension: Dimension) -> str:
    return "、".join(f"{ability.tag.zh}（{ability.name.zh}）" for ability in dimension.abilities)


def _heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def _table(
    head: tuple[str, ...], rows: list[tuple[str, ...]] | tuple[tuple[str, ...], ...], *, raw: bool = False
) -> str:
    lines = [_row("th", tuple(map(escape, head)))]
    lines += [_row("td", row if raw else tuple(map(escape, row))) for row in rows]
    return "<table>" + "".join(lines) + "</table>"


def _row(kind: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{kind}>{cell}</{kind}>" for cell in cells) + "</tr>"
