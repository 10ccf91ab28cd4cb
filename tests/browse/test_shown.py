"""Marking and comparing texts changes none of them."""

from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.browse.shown import marked, side_by_side, snippet

_TEXT = st.text("头痛咳ab。 ", max_size=30)
_TURNS = st.lists(st.tuples(st.sampled_from(["patient", "doctor"]), _TEXT), max_size=6)


@given(_TEXT, _TEXT)
def test_marked_pieces_are_the_text(text: str, word: str) -> None:
    pieces = marked(text, word)
    assert "".join(piece for piece, _ in pieces) == text
    assert all((piece.casefold() == word.casefold()) for piece, hit in pieces if hit)
    assert any(hit for _, hit in pieces) == (bool(word) and word.casefold() in text.casefold())


@given(_TURNS, _TURNS)
def test_side_by_side_shows_both_dialogues_whole(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> None:
    pairs = side_by_side(left, right)
    for dialogue, side in ((left, 1), (right, 2)):
        shown = [(pair[0], "".join(text for text, _ in pair[side])) for pair in pairs if pair[side] is not None]
        assert shown == dialogue


def test_side_by_side_marks_what_differs_and_nothing_else() -> None:
    same, asks = ("doctor", "多喝水。"), ("patient", "头痛三天")
    (one, two) = side_by_side([asks, same], [("patient", "头痛四天"), same])
    assert one.left == [("头痛", False), ("三", True), ("天", False)]
    assert one.right == [("头痛", False), ("四", True), ("天", False)]
    assert two.left == two.right == [("多喝水。", False)]


def test_a_missing_turn_has_no_counterpart() -> None:
    asks, answers, thanks = ("patient", "头痛"), ("doctor", "多喝水"), ("patient", "谢谢")
    pairs = side_by_side([asks, answers], [asks, answers, thanks])
    assert (pairs[-1].left, pairs[-1].right) == (None, [("谢谢", True)])


def test_a_snippet_shows_the_word_however_far_back_it_stands() -> None:
    text = "咳" * 5000 + "头痛" + "咳" * 5000
    pieces = snippet(text, "头痛")
    assert ("头痛", True) in pieces
    assert sum(len(piece) for piece, _ in pieces) < 200
