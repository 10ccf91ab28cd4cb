"""Seeded generators of invented numbers, dates and ages, valid by construction.

`FORMS[class][written form](rng)` gives one value in that form. Checksums: GB 11643 (ISO 7064 mod 11-2), Luhn.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from benchmarks.pii.words import Draws

Form = Callable[[Draws], str]
Forms = Mapping[str, Form]

_WIDE = {ord(mark): ord(mark) + 0xFEE0 for mark in map(chr, range(0x21, 0x7F))}
_MOBILE = "130 131 132 133 135 136 137 138 139 147 150 151 152 155 157 158 159 165 166 170 171 173 176 177 178 180 182 185 186 187 188 189 191 195 198 199"
# Card prefixes of the large banks with the length of their numbers.
_CARDS = (("622202", 19), ("621700", 19), ("622848", 19), ("621661", 19), ("621799", 19), ("622588", 16))
_CARDS += (("622155", 16), ("625965", 16), ("436742", 16), ("520169", 16), ("621468", 18), ("622700", 17))
_PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_ZERO_WIDTH = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")


def wide(text: str) -> str:
    """The full-width form of every ASCII character."""
    return text.translate(_WIDE)


def digits(rng: Draws, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def check_digit(first17: str) -> str:
    """The last place of an 18-digit identity card."""
    return "10X98765432"[sum(int(digit) << (17 - place) for place, digit in enumerate(first17)) % 11]


def luhn(number: str) -> str:
    """The digit that makes `number` + digit pass the Luhn test."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def any_day(rng: Draws, first: int = 1935, last: int = 2023) -> date:
    year, month = rng.randint(first, last), rng.randint(1, 12)
    return date(year, month, rng.randint(1, monthrange(year, month)[1]))


def han(text: str, zero: str = "零") -> str:
    """Each digit as a Han character."""
    return text.translate(dict(zip(map(ord, "0123456789"), zero + "一二三四五六七八九", strict=True)))


def han_number(number: int) -> str:
    """A number below 110 as it is read."""
    if number >= 100:
        return "一百" + ("零" + han(str(number - 100)) if number > 100 else "")
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else han(str(tens))) + ("十" if tens else "") + (han(str(ones)) if ones or not tens else "")


def _first17(rng: Draws) -> str:
    code = str(rng.choice(rng.words["divisions"])[0])
    return code + any_day(rng, 1935, 2022).strftime("%Y%m%d") + digits(rng, 3)


def _card18(rng: Draws, want_x: bool = False) -> str:
    while True:
        first = _first17(rng)
        last = check_digit(first)
        if (last == "X") == want_x:
            return first + last


def _card_x(rng: Draws) -> str:
    number = _card18(rng, want_x=True)
    return number.lower() if rng.random() < 0.5 else number


def _card15(rng: Draws) -> str:
    return str(rng.choice(rng.words["divisions"])[0]) + any_day(rng, 1935, 1984).strftime("%y%m%d") + digits(rng, 3)


def _card_spaced(rng: Draws) -> str:
    number = _card18(rng)
    return f"{number[:6]} {number[6:14]} {number[14:]}"


def mobile(rng: Draws) -> str:
    return rng.choice(_MOBILE.split()) + digits(rng, 8)


def _grouped(rng: Draws, mark: str) -> str:
    number = mobile(rng)
    return mark.join((number[:3], number[3:7], number[7:]))


def _regrouped(rng: Draws) -> str:
    """A mobile in groups other than three, four and four."""
    number, mark = mobile(rng), rng.choice(" -")
    first, second = rng.choice(((4, 8), (3, 6), (5, 8)))
    return mark.join((number[:first], number[first:second], number[second:]))


def _abroad(rng: Draws, code: str) -> str:
    mark = rng.choice(("", " ", "-"))
    return code + mark + (mobile(rng) if rng.random() < 0.6 else _grouped(rng, rng.choice(" -")))


def _mobile_han(rng: Draws) -> str:
    number = han(mobile(rng), rng.choice("零〇"))
    return number.replace("一", "幺") if rng.random() < 0.5 else number


def _mobile_zero_width(rng: Draws) -> str:
    marks = list(mobile(rng))
    for place in sorted(rng.sample(range(1, len(marks)), rng.randint(1, 3)), reverse=True):
        marks.insert(place, rng.choice(_ZERO_WIDTH))
    return "".join(marks)


def _landline(rng: Draws, form: str) -> str:
    area, length = rng.choice(list(rng.words["area_codes"].items()))
    number = rng.choice("2345678") + digits(rng, length - 1)
    extension = rng.choice(("转", "-", " 转 ", "转分机")) + digits(rng, rng.choice((3, 4)))
    return {
        "dash": f"{area}-{number}",
        "brackets": rng.choice((f"({area}){number}", f"（{area}）{number}")),
        "spaced": f"{area} {number}",
        "plain": area + number,
        "extension": f"{area}-{number}{extension}",
        "full_width": wide(f"{area}-{number}"),
    }[form]


def _service(rng: Draws, cuts: tuple[int, ...], mark: str) -> str:
    number = rng.choice(("400", "400", "400", "800")) + rng.choice("123456789") + digits(rng, 6)
    return mark.join(number[start:end] for start, end in zip((0, *cuts), (*cuts, 10), strict=True))


def qq(rng: Draws) -> str:
    return rng.choice("123456789") + digits(rng, rng.randint(4, 9))


def _bank(rng: Draws) -> str:
    prefix, length = rng.choice(_CARDS)
    number = prefix + digits(rng, length - len(prefix) - 1)
    return number + luhn(number)


def _fours(number: str, mark: str) -> str:
    return mark.join(number[start : start + 4] for start in range(0, len(number), 4))


def _plate(rng: Draws, mark: str = "", energy: bool = False) -> str:
    place = rng.choice(rng.words["plates"]) + rng.choice(_PLATE)
    if energy:
        number = rng.choice((rng.choice("DF") + digits(rng, 5), digits(rng, 5) + rng.choice("DF")))
    else:
        letters = [rng.choice(_PLATE) if rng.random() < 0.25 else rng.choice("0123456789") for _ in range(5)]
        number = "".join(letters[:3]) + digits(rng, 2)
    return place + mark + number


def _record(rng: Draws) -> str:
    return rng.choice(("0", "1", "2", "00")) + digits(rng, rng.randint(5, 9))


def _record_mixed(rng: Draws) -> str:
    prefix = rng.choice(("ZY", "MZ", "CT", "MR", "B", "M", "US", "BL", "P", "F"))
    return prefix + rng.choice(("", "", "-")) + digits(rng, rng.randint(5, 12))


def _insurance_mixed(rng: Draws) -> str:
    return rng.choice("ABCDEFKYZ") + digits(rng, rng.randint(8, 11))


def _ward_bed(rng: Draws) -> str:
    return rng.choice((f"{rng.choice('ABC')}{rng.randint(1, 40)}", f"{rng.randint(1, 30)}-{rng.randint(1, 6)}"))


def _birth(rng: Draws, form: str) -> str:
    day = any_day(rng)
    year, month, number = day.year, day.month, day.day
    if form == "han":
        return f"{han(str(year), rng.choice('零〇'))}年{han_number(month)}月{han_number(number)}日"
    pattern = {
        "units": "{y}年{m}月{d}日",
        "padded": "{y}年{m:02}月{d:02}日",
        "hao": "{y}年{m}月{d}号",
        "dash": "{y}-{m:02}-{d:02}",
        "dot": "{y}.{m}.{d}",
        "slash": "{y}/{m}/{d}",
        "compact": "{y}{m:02}{d:02}",
        "short_year": "{s:02}年{m}月{d}日",
    }[form]
    return pattern.format(y=year, m=month, d=number, s=year % 100)


def _passport(rng: Draws) -> str:
    return rng.choice((rng.choice("EG") + digits(rng, 8), "E" + rng.choice("ABCDEFGH") + digits(rng, 7)))


def _permit(rng: Draws) -> str:
    return rng.choice("HMCWTL") + digits(rng, 8)


FORMS: Mapping[str, Forms] = {
    "id_card": {
        "18_digits": _card18,
        "18_with_x": _card_x,
        "15_digits": _card15,
        "spaced": _card_spaced,
        "full_width": lambda rng: wide(_card18(rng)),
    },
    "mobile": {
        "plain": mobile,
        "spaced": lambda rng: _grouped(rng, " "),
        "dashed": lambda rng: _grouped(rng, "-"),
        "regrouped": _regrouped,
        "plus_86": lambda rng: _abroad(rng, "+86"),
        "0086": lambda rng: _abroad(rng, "0086"),
        "full_width": lambda rng: wide(mobile(rng)),
        "han": _mobile_han,
        "zero_width": _mobile_zero_width,
    },
    "landline": {
        form: partial(_landline, form=form)
        for form in ("dash", "brackets", "spaced", "plain", "extension", "full_width")
    },
    "service_number": {
        "3_3_4": lambda rng: _service(rng, (3, 6), "-"),
        "3_4_3": lambda rng: _service(rng, (3, 7), "-"),
        "spaced": lambda rng: _service(rng, (3, 6), " "),
        "plain": lambda rng: _service(rng, (), ""),
        "full_width": lambda rng: wide(_service(rng, (3, 6), "-")),
    },
    "qq": {"plain": qq, "full_width": lambda rng: wide(qq(rng))},
    "bank_card": {
        "plain": _bank,
        "spaced": lambda rng: _fours(_bank(rng), " "),
        "dashed": lambda rng: _fours(_bank(rng), "-"),
        "full_width": lambda rng: wide(_bank(rng)),
    },
    "plate": {
        "plain": _plate,
        "dot": lambda rng: _plate(rng, mark="·"),
        "spaced": lambda rng: _plate(rng, " "),
        "new_energy": lambda rng: _plate(rng, rng.choice(("", "·")), energy=True),
        "lower_case": lambda rng: _plate(rng).lower(),
    },
    "passport": {"upper": _passport, "lower": lambda rng: _passport(rng).lower()},
    "permit": {"upper": _permit, "lower": lambda rng: _permit(rng).lower()},
    "insurance": {"digits": lambda rng: digits(rng, rng.randint(8, 12)), "letter": _insurance_mixed},
    "record_number": {"digits": _record, "letters": _record_mixed},
    "bed": {
        "number": lambda rng: str(rng.randint(1, 68)),
        "extra": lambda rng: rng.choice("加+") + str(rng.randint(1, 12)),
        "ward": _ward_bed,
    },
    "birth_date": {
        form: partial(_birth, form=form)
        for form in ("units", "padded", "hao", "dash", "dot", "slash", "compact", "short_year", "han")
    },
    "age_90": {
        "digits": lambda rng: str(rng.randint(90, 108)),
        "han": lambda rng: han_number(rng.randint(90, 108)),
        "full_width": lambda rng: wide(str(rng.randint(90, 108))),
    },
}
