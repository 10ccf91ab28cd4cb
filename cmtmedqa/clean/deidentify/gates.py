"""What a text must contain before the rules of a family are tried; valid for RE2 and for Python's `re`.

A gate may never be narrower than its rules: where folding could change what it looks at, UNUSUAL lets the row through.
"""

GATES: dict[str, str] = {
    "digits": "[0-9][0-9 ()（）.·_-]{5,}",
    "han_digits": "[〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖]",
    "plate": "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z]|车牌|车号|牌照",
    "cue_number": "[0-9]{3}",
    "bed": "床",
    "latin": r"[A-Za-z0-9-]\.[A-Za-z]{2}|[hH][tT][tT][pP]|[fF][tT][pP]:|@|[aA][tT][\])#]|艾特",
    "digits_dot": r"[0-9]\.[0-9]+\.[0-9]",
    "ip6": "[0-9A-Fa-f][:：][0-9A-Fa-f]{1,4}[:：]",
    "wechat": "[微薇威徽围维]信|微[xX]|[vV][xX]|[wW][xX]|[wW]e[cC]hat|[wW]ei[xX]in|[vV]信|加[vV微薇]|\\+[vV]|[vV][:：]",
    "qq": "[qQ]{2}|扣扣|球球|叩叩|企鹅|腾讯|[扣qQ]号|加[扣qQ]",
    "user": "用户名|昵称|网名|会员名|登录名|论坛|微博|抖音|快手|小红书|贴吧|知乎|平台|好大夫|春雨|丁香|ID|id|@",
}
