"""What an expert reads before the first task: the rubric and the few English buttons, as the HTML that Label Studio shows."""

from html import escape

from cmtmedqa.rubric import Rubric

_HEAD = (
    "<p>左边是患者与医生的对话，右边是几条候选回复。请先读完对话和全部回复，再给每条回复选名次（1 最好，可以并列）、"
    "打{count}个维度的星级，勾选有问题的能力（可不选），需要时写评语。名次只按下面的顺序比较，不看篇幅和先后。</p>"
)
_BUTTONS = (
    "<p>按钮：<b>Submit</b> 提交并进入下一题；<b>Update</b> 保存对已提交内容的修改；<b>Skip</b> 跳过（仅在无法判断时用）；"
    "<b>Add</b> 加入评语（直接提交也会保存）。可以随时关闭网页，下次从没做完的地方继续。</p>"
)


def instruction(rubric: Rubric) -> str:
    """The instruction of a project, generated from the rubric."""
    parts = [_HEAD.format(count=len(rubric.dimensions))]
    for number, dimension in enumerate(rubric.dimensions, 1):
        parts.append(f"<p><b>{number}. {escape(dimension.name.zh)}</b>：{escape(dimension.question.zh)}</p><ul>")
        parts += [
            f"<li><b>{escape(item.name.zh)}</b>：{escape(item.definition.zh)}<br>不合格：{escape(item.fails.zh)}</li>"
            for item in dimension.abilities
        ]
        stars = "；".join(f"{anchor.score} 星 {escape(anchor.zh)}" for anchor in dimension.scores)
        parts.append(f"</ul><p>{stars}</p>")
    return "".join([*parts, f"<p>{escape(rubric.tie.zh)}</p><p>{escape(rubric.veto.zh)}</p>", _BUTTONS])
