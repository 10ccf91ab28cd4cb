"""Seeded generators of invented accounts and addresses on the net: `FORMS[class][written form](rng)`."""

from collections.abc import Mapping

from benchmarks.pii.values import Forms, digits, mobile, qq, wide
from benchmarks.pii.words import Draws


def _email(rng: Draws) -> str:
    domain = rng.choice(rng.words["domains"]["mail"])
    user = digits(rng, rng.randint(6, 10)) if domain == "qq.com" and rng.random() < 0.7 else _account(rng)
    return f"{user}@{domain}"


def _account(rng: Draws) -> str:
    mark = rng.choice(("", "", "_", ".", "-"))
    return (
        rng.choice(rng.words["users"]["latin"]) + mark + str(rng.choice((rng.randint(1, 999), rng.randint(1970, 2012))))
    )


def wechat_id(rng: Draws) -> str:
    name = rng.choice((_account(rng).replace(".", "_"), "wxid_" + "".join(rng.choices("abcdefghkmnp0123456789", k=14))))
    return name.upper() if rng.random() < 0.05 else name


def _v6(rng: Draws) -> str:
    """An address of the range for documentation, RFC 3849."""
    return "2001:db8:" + ":".join(f"{rng.randint(0x1000, 0xFFFF):x}" for _ in range(6))


def _v4(rng: Draws) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def _url(rng: Draws, scheme: str) -> str:
    domain, path = rng.choice(rng.words["domains"]["web"]), rng.choice(rng.words["domains"]["paths"])
    return f"{scheme}{domain}{path}"


FORMS: Mapping[str, Forms] = {
    "email": {
        "plain": _email,
        "upper_case": lambda rng: _email(rng).upper(),
        "wide_marks": lambda rng: _email(rng).replace("@", "＠").replace(".", "．"),
        "wide_at": lambda rng: _email(rng).replace("@", "＠"),
        "full_width": lambda rng: wide(_email(rng)),
    },
    "wechat": {"id": wechat_id, "mobile": mobile, "number": qq},
    "url": {
        "https": lambda rng: _url(rng, "https://"),
        "http": lambda rng: _url(rng, "http://www."),
        "www": lambda rng: _url(rng, "www."),
        "bare": lambda rng: _url(rng, ""),
        "full_width": lambda rng: wide(_url(rng, "www.")),
    },
    "ip": {
        "v4": _v4,
        "full_width": lambda rng: wide(_v4(rng)),
        "wide_marks": lambda rng: _v4(rng).replace(".", "．"),
        "v6": _v6,
    },
    "username": {
        "latin": _account,
        "han": lambda rng: rng.choice(rng.words["users"]["han"]),
        "mixed": lambda rng: rng.choice(rng.words["users"]["han"]) + digits(rng, rng.randint(1, 4)),
    },
}
