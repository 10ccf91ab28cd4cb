"""Texts as the rules see them: half width, without zero-width characters, with every tag as one character."""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmtmedqa.clean.deidentify.model import KINDS
from cmtmedqa.clean.deidentify.patterns import TAG_MARK
from cmtmedqa.codepoints import joined_code_points

ZERO_WIDTH = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\ufe0f\ufeff"

_TRADITIONAL = (
    "號電話機碼證醫師護歲車銀開戶賬帳郵網聯繫員險錄檔檢條診門衛華學屬東廣蘇灣貴雲陝肅寧內遼滬縣鄉鎮區園樓棟單術國軍劉陳張趙黃吳孫馬羅謝韓馮蔣許鄧蕭葉閻鄭鄒嚴賴龍萬錢湯賀顧龔譚盧鍾陸賈鄔歐陽諸聞閔塗連齊樂應牆爾請這個兒媽爺們對"
    "為問親愛婦產兩貳叄參稱職務處辦廳長鳳麗偉傑強濤艷靜紅蘭曉輝剛鵬飛習騰寶貝紹興鄰莊灘島濱嶺溝橋鐵錦銅鹽楊韋紀龐喬闞賁簡鄺駱遲嬌婭妳姊嬸簽預約實報寫鋪館場廠組彎鏈裡裏臺樹瑩瓊穎發達維義禮賢澤潤勝鋒鋼釗鈞榮慶燈爐鴻鶴齡駿騏驊嬋"
    "嫻孌綺紋綾緒縈繼績純絲線練緣緯總聰聲蘿藍藝莖荊蓮薔蘋補複視觀訊記該認語說課誼謙講譽識議讓貞財責資賓賜賞質贊躍軒輔輕輪轉遠適選還邊釋鈴鉛鍋鍵鏡閃閉間閣關陰階際隨離靈靚頁頂項順須頌領頭題願顯風飯飲餘駐驗鮮鳴麥點黨齋勳勵協圓堅"
    "壽夢奮妝姍寬導將嶽帥彥後從徵恆憲懷戀揚擇攜斂於昇時晉書會業極權歡歸氣漢潔瀾燁煒爍瑋璣瓏畢異盡礦祿種穩競筆節範糧級細終結絡給統經緊編聖脈臨舊藥覽訂詩誠諾貨購費軟載進運過遙銘銳鏢鐘閱雙雜霧韻顏駕驚體魯麼龜滙匯劃動勞團壓壞備傳"
    "億冊凱則創劍劑醬專尋屆層幾庫彙態慮換擔據數斷無樣標殘沒況測滿漲瀏災熱爭現療癥監確禍稅窮紙絕續羣腦膚臉舉虧衝規覺觸計訴詢誰論變負貼買賣賽跡輩農遺醜針釘銷鎖鑒閒隊隱雖難類顆飾養駁騎鬆鬱魚鳥齒煩暱"
)
_SIMPLIFIED = (
    "号电话机码证医师护岁车银开户账帐邮网联系员险录档检条诊门卫华学属东广苏湾贵云陕肃宁内辽沪县乡镇区园楼栋单术国军刘陈张赵黄吴孙马罗谢韩冯蒋许邓萧叶阎郑邹严赖龙万钱汤贺顾龚谭卢钟陆贾邬欧阳诸闻闵涂连齐乐应墙尔请这个儿妈爷们对"
    "为问亲爱妇产两贰叁参称职务处办厅长凤丽伟杰强涛艳静红兰晓辉刚鹏飞习腾宝贝绍兴邻庄滩岛滨岭沟桥铁锦铜盐杨韦纪庞乔阚贲简邝骆迟娇娅你姐婶签预约实报写铺馆场厂组弯链里里台树莹琼颖发达维义礼贤泽润胜锋钢钊钧荣庆灯炉鸿鹤龄骏骐骅婵"
    "娴娈绮纹绫绪萦继绩纯丝线练缘纬总聪声萝蓝艺茎荆莲蔷苹补复视观讯记该认语说课谊谦讲誉识议让贞财责资宾赐赏质赞跃轩辅轻轮转远适选还边释铃铅锅键镜闪闭间阁关阴阶际随离灵靓页顶项顺须颂领头题愿显风饭饮余驻验鲜鸣麦点党斋勋励协圆坚"
    "寿梦奋妆姗宽导将岳帅彦后从征恒宪怀恋扬择携敛于升时晋书会业极权欢归气汉洁澜烨炜烁玮玑珑毕异尽矿禄种稳竞笔节范粮级细终结络给统经紧编圣脉临旧药览订诗诚诺货购费软载进运过遥铭锐镖钟阅双杂雾韵颜驾惊体鲁么龟汇汇划动劳团压坏备传"
    "亿册凯则创剑剂酱专寻届层几库汇态虑换担据数断无样标残没况测满涨浏灾热争现疗症监确祸税穷纸绝续群脑肤脸举亏冲规觉触计诉询谁论变负贴买卖赛迹辈农遗丑针钉销锁鉴闲队隐虽难类颗饰养驳骑松郁鱼鸟齿烦昵"
)
_TABLE: dict[int, int] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_TABLE |= dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), ord("-"))
_TABLE |= dict.fromkeys(map(ord, "\t\u00a0\u2002\u2003\u2009\u202f\u3000" + TAG_MARK), ord(" "))
_TABLE |= str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_LABELS = "|".join(sorted({label for kind, (label, _) in KINDS.items() if kind != "age"}))
_MASKED = r"[A-Za-z0-9一-鿿]{0,4}[*＊]{2,}[A-Za-z0-9]{0,4}|[Xx]{4,}"
TAG = re.compile(rf"\[(?:{_LABELS})[0-9]+\]|90岁以上|{_MASKED}")
_MASKS = re.compile(r"[\[*＊]|90岁|[Xx]{4}")
_SKIPPED = re.compile(rf"[{ZERO_WIDTH}]+")


class Folded(NamedTuple):
    """Folded text; unless it is as long as the original, where each of its characters starts and ends there."""

    text: str
    starts: list[int] | None
    ends: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original text of a non-empty range of the folded one."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]

    def without(self, ranges: list[tuple[int, int]], mark: str) -> "Folded":
        """The same text with each of the ascending, disjoint ranges replaced by `mark` (at most one character)."""
        if not ranges:
            return self
        size = len(self.text)
        starts = self.starts or list(range(size))
        ends = self.ends or list(range(1, size + 1))
        pieces: list[str] = []
        new_starts: list[int] = []
        new_ends: list[int] = []
        done = 0
        for start, end in ranges:
            pieces += [self.text[done:start], mark]
            new_starts += starts[done:start] + [starts[start]] * len(mark)
            new_ends += ends[done:start] + [ends[end - 1]] * len(mark)
            done = end
        return Folded("".join([*pieces, self.text[done:]]), new_starts + starts[done:], new_ends + ends[done:])


def fold(text: str) -> Folded:
    """Half width one to one; zero-width characters vanish, a tag becomes one mark, so its length tells nothing."""
    folded = Folded(text.translate(_TABLE), None, None)
    folded = folded.without([match.span() for match in _SKIPPED.finditer(folded.text)], "")
    if _MASKS.search(folded.text):
        folded = folded.without([match.span() for match in TAG.finditer(folded.text)], TAG_MARK)
    return folded


_PLAIN = 0x10000
_FOLDED = np.arange(_PLAIN, dtype=np.uint32)
_FOLDED[list(_TABLE)] = list(_TABLE.values())
_RARE = np.zeros(_PLAIN, bool)
_RARE[list(map(ord, ZERO_WIDTH + "[*Xx"))] = True


def fold_column(texts: Sequence[str]) -> tuple[list[str], dict[int, Folded]]:
    """The folded texts, and by number those that became shorter; `fold` gives the same for each."""
    codes, bounds = joined_code_points(texts)
    low = np.minimum(codes, _PLAIN - 1)
    joined = np.where(codes < _PLAIN, _FOLDED[low], codes).tobytes().decode("utf-32-le", "surrogatepass")
    places = [*np.flatnonzero(_RARE[_FOLDED[low]]).tolist(), *(match.start() for match in re.finditer("90岁", joined))]
    rare = (np.unique(np.searchsorted(bounds, places, "right")) - 1).tolist()
    shorter = {number: folded for number in rare if (folded := fold(texts[number])).starts is not None}
    ends: list[int] = bounds.tolist()
    plain = [joined[start:end] for start, end in itertools.pairwise(ends)]
    for number, folded in shorter.items():
        plain[number] = folded.text
    return plain, shorter
