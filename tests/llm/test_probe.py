"""A server is asked whether it obeys seeds and n."""

import pytest

from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.probe import Probed, probe
from tests.llm.server import Server, different_words, running

pytest.importorskip("openai")


def test_a_server_that_obeys_seeds_and_one_that_decodes_greedily_are_told_apart() -> None:
    with running(Server(different_words)) as server:
        assert probe(Endpoint(name="m", url=server.url), 10) == Probed(True, True, 1)
    with running(Server(lambda *_: "多洗手。")) as server:
        assert probe(Endpoint(name="m", url=server.url), 10) == Probed(True, False, 1)
    calls = iter("甲乙丙丁")
    with running(Server(lambda *_: next(calls))) as server:
        assert probe(Endpoint(name="m", url=server.url), 10) == Probed(False, True, 1)
