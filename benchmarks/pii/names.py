"""Seeded generators of invented people, hospitals and addresses: `FORMS[class][written form](rng)`."""

from collections.abc import Mapping
from functools import partial

from benchmarks.pii.values import Forms
from benchmarks.pii.words import Draws

_NO_TITLE = frozenset("时成应全包祝向由但连来干位")


def surname(rng: Draws, kind: str) -> str:
    """A surname: common (the hundred most frequent, by their shares of the population if the set has them), rare or compound."""
    names = rng.words["surnames"][kind]
    return rng.choices(list(names), names.values())[0] if isinstance(names, dict) else rng.choice(names)


def titled(rng: Draws, kind: str) -> str:
    """A surname to stand before a title: not one that reads as another word there (时医生, 成医生)."""
    while (name := surname(rng, kind)) in _NO_TITLE:
        pass
    return name


def given(rng: Draws, double: bool) -> str:
    """A given name; a set with given names by generation draws the generation first."""
    names = rng.words["given"]
    names = rng.choice(names) if isinstance(names, list) else names
    return rng.choice(names["first"]) + rng.choice(names["last"]) if double else rng.choice(names["single"])


def full(rng: Draws, kind: str = "common", double: bool = True) -> str:
    return surname(rng, kind) + given(rng, double)


def _anyone(rng: Draws) -> str:
    return full(rng, "rare" if rng.random() < 0.2 else "common", rng.random() < 0.7)


_PEOPLE: Forms = {
    "two_characters": lambda rng: full(rng, double=False),
    "three_characters": full,
    "rare_surname": lambda rng: full(rng, "rare", rng.random() < 0.7),
    "compound_surname": lambda rng: full(rng, "compound", rng.random() < 0.5),
    "minority": lambda rng: rng.choice(rng.words["minority"]),
}


def _place(rng: Draws) -> tuple[str, str, str]:
    """Province, city ("" in the four municipalities) and county."""
    _, province, city, county = rng.choice(rng.words["divisions"])
    return province, city, county


def _city(rng: Draws) -> str:
    province, city, _ = _place(rng)
    return city or province


def _road(rng: Draws) -> str:
    number = rng.randint(1, 398)
    return (
        rng.choice(rng.words["roads"])
        + str(number)
        + rng.choice(("号", "号", "号", f"号附{rng.randint(1, 9)}号", f"-{rng.randint(1, 9)}号"))
    )


def _room(rng: Draws) -> str:
    block, unit, floor, door = rng.randint(1, 40), rng.randint(1, 4), rng.randint(1, 32), rng.randint(1, 4)
    return rng.choice(
        (
            f"{block}号楼{unit}单元{floor}0{door}室",
            f"{block}栋{unit}单元{floor}0{door}",
            f"{block}幢{floor}0{door}室",
            f"{block}号楼{floor}楼西户",
        )
    )


def _address(rng: Draws, form: str) -> str:
    province, city, county = _place(rng)
    town, village = rng.choice(rng.words["towns"]), rng.choice(rng.words["villages"])
    compound, area = rng.choice(rng.words["compounds"]), rng.choice(rng.words["new_areas"])
    if form == "full":
        return f"{province}{city}{county}{_road(rng)}{compound}{_room(rng)}"
    if form == "city_road":
        return f"{city or province}{county}{_road(rng)}"
    if form == "road_room":
        return f"{_road(rng)}{compound}{_room(rng)}"
    if form == "compound_room":
        return f"{county}{compound}{_room(rng)}"
    if form == "lane":
        return f"{county}{rng.choice(rng.words['lanes'])}{rng.randint(10, 990)}弄{rng.randint(1, 90)}号{rng.randint(1, 6)}0{rng.randint(1, 4)}室"
    if form == "village":
        return f"{city or province}{county}{town}{village}{rng.choice(('', f'{rng.randint(1, 12)}组', f'{rng.randint(1, 200)}号'))}"
    if form == "new_area":
        return f"{city or province}{area}{town}{rng.choice(rng.words['roads'])}{rng.randint(1, 90)}弄{rng.randint(1, 60)}号"
    if form == "town":
        return f"{county}{town}"
    return f"{province}{city}" if city else f"{province}{county}"


def _ordinal(rng: Draws) -> str:
    return rng.choice("一二三四五六七八九")


def _hospital(rng: Draws, form: str) -> str:
    province, city, county = _place(rng)
    city = city or province
    while form == "short" and not city.endswith("市"):  # nobody shortens a prefecture or a league to "…市一院"
        city = _city(rng)
    firm, short = rng.choice(rng.words["firms"]), city.removesuffix("市")
    special = rng.choice(rng.words["specialties"])
    return {
        "city": f"{city}{rng.choice((f'第{_ordinal(rng)}人民医院', '中心医院', '人民医院', '中医院', '妇幼保健院'))}",
        "county": f"{county}{rng.choice(('人民医院', '中医院', '第二人民医院', '妇幼保健院'))}",
        "own_name": f"{rng.choice((short, city, ''))}{firm}{special if rng.random() < 0.5 else ''}医院",
        "university": f"{rng.choice(rng.words['universities'])}{rng.choice(('第一附属医院', '附属第二医院', '附属' + special + '医院'))}",
        "clinic": f"{firm}{rng.choice(('口腔门诊部', '中医诊所', '诊所', '综合门诊部', '中医馆'))}",
        "health_station": f"{rng.choice(rng.words['towns']).rstrip('镇乡')}{rng.choice(('镇', '乡', '中心'))}卫生院",
        "community": f"{rng.choice(rng.words['roads'])}社区卫生服务{rng.choice(('中心', '站'))}",
        "short": f"{short}{rng.choice((f'市{_ordinal(rng)}院', f'{_ordinal(rng)}院', '市中心医院', '市妇幼'))}",
        "army": f"{rng.choice(('解放军', '武警', ''))}第{rng.randint(100, 399)}医院",
    }[form]


def _doctor_forms() -> Forms:
    return {
        "surname": lambda rng: titled(rng, "common"),
        "surname_rare": lambda rng: titled(rng, "rare"),
        "surname_compound": lambda rng: surname(rng, "compound"),
        "full": lambda rng: full(rng, double=rng.random() < 0.7),
        "full_rare": lambda rng: full(rng, "rare", rng.random() < 0.7),
        "full_minority": lambda rng: rng.choice(rng.words["minority"]),
    }


_HOSPITALS: Forms = {
    form: partial(_hospital, form=form)
    for form in ("city", "county", "own_name", "university", "clinic", "health_station", "community", "short", "army")
}
_ADDRESSES: Forms = {
    form: partial(_address, form=form)
    for form in ("full", "city_road", "road_room", "compound_room", "lane", "village", "new_area", "town", "two_levels")
}

FORMS: Mapping[str, Forms] = {
    "patient_name": _PEOPLE,
    "relative_name": _PEOPLE,
    "doctor_name": _doctor_forms(),
    "bare_name": {"any": _anyone},
    "hospital": _HOSPITALS,
    "hospital_department": {
        name: form for name, form in _HOSPITALS.items() if name not in {"clinic", "health_station", "community"}
    },
    "address": _ADDRESSES,
}
