import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cmtmedqa import io
from cmtmedqa.build.schemas import SCHEMAS, schema_text
from cmtmedqa.build.validate import faults
from cmtmedqa.paths import bundled
from cmtmedqa.records import Dialogue, PublishedDialogue

_TURN = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["patient", "doctor", "doctor", "patient", "system", "nurse"]),
        "text": st.sampled_from(["头痛", "多休息", "", " \n"]),
    }
)
_ORDERLY = st.integers(1, 3).map(
    lambda pairs: [{"role": role, "text": "头痛"} for role in ("patient", "doctor") * pairs]
)
_ROW = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", ""]),
        "source": st.sampled_from(["s", "s", "s", ""]),
        "license": st.just("unknown"),
        "url": st.none(),
        "title": st.sampled_from([None, "标题"]),
        "department": st.sampled_from([None, "内科", "内科", "火星科"]),
        "department_raw": st.lists(st.just("内科"), max_size=2),
        "diseases": st.just([]),
        "patient": st.fixed_dictionaries({"sex": st.none(), "age": st.sampled_from([None, 30, 30, -1, 151])}),
        "turns": st.one_of(_ORDERLY, st.lists(_TURN, max_size=5)),
        "provenance": st.sampled_from(["real", "real", "dreamt"]),
        "features": st.none(),
        "extra": st.just("{}"),
    }
)


def _valid(row: dict[str, object]) -> bool:
    try:
        PublishedDialogue.model_validate(row)
    except ValidationError:
        return False
    return True


@given(st.lists(_ROW, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_columnar_checks_agree_with_pydantic(rows: list[dict[str, object]]) -> None:
    table = pa.Table.from_pylist(rows, schema=io.arrow_schema(Dialogue))
    assert [not fault for fault in faults(table)] == [_valid(row) for row in rows]


@given(_ROW)
@settings(max_examples=100, deadline=None)
def test_json_to_model_to_arrow_and_back_is_the_identity(row: dict[str, object]) -> None:
    if not _valid(row):
        return
    dialogue = Dialogue.model_validate_json(Dialogue.model_validate(row).model_dump_json())
    table = pa.Table.from_pylist([dialogue.model_dump()], schema=io.arrow_schema(Dialogue))
    assert Dialogue.model_validate(table.to_pylist()[0]) == dialogue


def test_the_schemas_in_the_repository_are_those_of_the_code() -> None:
    for name in SCHEMAS:
        assert bundled("schemas", f"{name}.schema.json").read_text(encoding="utf-8") == schema_text(name), (
            f"make schemas ({name})"
        )
