"""One call to one model, and what its failure means for the request, the run, or only for now."""

import asyncio
import email.utils
import json
import time
from typing import Any, NamedTuple

from cmtmedqa.errors import CmtmedqaError, MissingExtra
from cmtmedqa.io import canonical_json
from cmtmedqa.judgements import Message
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.local import LocalModel
from cmtmedqa.llm.request import Request

_LONGEST_PAUSE = 600.0
_TEMPORARY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_TOO_LONG = ("context_length_exceeded", "string_above_max_length")
_FILTERED = ("content_filter", "data_inspection_failed", "content_policy_violation")
_UNKNOWN_MODEL = frozenset({400, 404})
_NAMED = 5
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached")


class EndpointError(CmtmedqaError):
    """No further call to this model has a chance: a refused key, an unknown model, an address where nothing answers."""


class Temporary(Exception):
    """The same request may work later; after `retry_after` seconds where the server said so.

    `hopeless` says what is wrong with an address at which no request has ever worked.
    """

    def __init__(self, status: str, retry_after: float | None = None, hopeless: str = "") -> None:
        super().__init__(status)
        self.status, self.retry_after, self.hopeless = status, retry_after, hopeless


class Refused(Exception):
    """The server refuses this request for what is in it: `content_filter` or `too_long`."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Completion(NamedTuple):
    """What a model said. `raw` is the server's reply as JSON; tokens are the server's count, or 0 where it gave none."""

    text: str
    finish_reason: str
    tokens_in: int
    tokens_out: int
    model: str | None
    fingerprint: str | None
    raw: str


class Transport:
    """The way to one model: over HTTP by the openai SDK, whose own retries are off, or a model in this process."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.endpoint, self._timeout = endpoint, timeout
        self._local = LocalModel(endpoint.path) if endpoint.path else None
        self._opened: Any = None
        self._served: list[str] | None = None
        self._looking = asyncio.Lock()

    @property
    def _sdk(self) -> Any:
        """The client of the SDK, which a run that the ledger answers never loads."""
        if self._opened is None:
            self._opened = _sdk(self.endpoint, self._timeout)
        return self._opened

    async def complete(self, request: Request) -> Completion:
        """The completion of a request. Raises Temporary, Refused and EndpointError."""
        if self._local is not None:
            text, reason, tokens_in, tokens_out = await asyncio.to_thread(self._local.complete, request)
            raw = canonical_json({"text": text, "finish_reason": reason})
            return Completion(text, reason, tokens_in, tokens_out, request.model, None, raw)
        sdk, name = self._sdk, self._name(request)
        import openai

        try:
            async with asyncio.timeout(self._timeout):
                answer = await sdk.chat.completions.create(**_arguments(request, name))
            return _completion(answer)
        except (TimeoutError, openai.APITimeoutError):
            raise Temporary("timeout") from None
        except openai.APIConnectionError:
            raise self._unreachable() from None
        except openai.APIStatusError as error:
            if error.status_code in _UNKNOWN_MODEL:
                await self._look_up()
                if self._name(request) != name:
                    return await self.complete(request)
            raise self._fault(error, name) from None
        except (openai.APIResponseValidationError, json.JSONDecodeError, UnicodeDecodeError, _Shapeless):
            what = f"what answers at {self.endpoint.url} is no chat completion; does the address end in /v1?"
            raise Temporary("broken_reply", hopeless=what) from None

    async def choices(self, request: Request, n: int) -> int:
        """How many choices a server returns where `n` are asked for; many ignore it. Only a probe asks for it."""
        sdk = self._sdk
        import openai

        try:
            answer = await sdk.chat.completions.create(**_arguments(request, self._name(request)), n=n)
        except openai.APIStatusError:
            return 0
        except openai.APIConnectionError:
            raise self._unreachable() from None
        return len(answer.choices)

    def _name(self, request: Request) -> str:
        """What the server is told to use: NAME@URL states no name, so the one model of a server that refused the alias."""
        served = self._served or []
        return served[0] if len(served) == 1 and not self.endpoint.model else request.model

    async def _look_up(self) -> None:
        """Ask the server once which models it has; vLLM and `transformers serve` know theirs by its folder."""
        import openai

        async with self._looking:
            if self._served is None:
                try:
                    async with asyncio.timeout(self._timeout):
                        self._served = [str(item.id) async for item in self._sdk.models.list()]
                except (TimeoutError, openai.OpenAIError, ValueError, TypeError, AttributeError):
                    self._served = []

    def _fault(self, error: Any, name: str) -> Exception:
        status, code = int(error.status_code), _code(error)
        if any(word in code for word in _NO_MONEY):
            return self._hopeless(status, "its quota is used up")
        if status in _TEMPORARY or status >= 500:
            return Temporary(f"http_{status}", _retry_after(error.response.headers))
        if any(word in code for word in _FILTERED):
            return Refused("content_filter")
        if any(word in code for word in _TOO_LONG) or "maximum context length" in code:
            return Refused("too_long")
        if status in {401, 403}:
            return self._hopeless(status, "the key is refused")
        if status in _UNKNOWN_MODEL and self._served and name not in self._served:
            there = ", ".join(self._served[:_NAMED])
            return self._hopeless(status, f"no model {name} there, but {there}; state one as `model:` in a YAML file")
        return self._hopeless(status, f"no model {name} there" if status == 404 else "the request is refused")

    def _unreachable(self) -> Temporary:
        return Temporary(
            "connection", hopeless=f"nothing answers at {self.endpoint.url}; is the server started, the address right?"
        )

    def _hopeless(self, status: int, why: str) -> EndpointError:
        return EndpointError(f"model {self.endpoint.name}: HTTP {status} from {self.endpoint.url}: {why}")

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.close()


class _Shapeless(Exception):
    """A reply that is JSON, but no chat completion with exactly one choice."""


def _sdk(endpoint: Endpoint, timeout: float) -> Any:
    try:
        import openai
    except ImportError as error:
        raise MissingExtra("openai", "llm", f"model {endpoint.name}") from error
    # Text for this machine must not take the way through a proxy.
    http = openai.DefaultAsyncHttpxClient(trust_env=not endpoint.is_local, timeout=timeout)
    return openai.AsyncOpenAI(api_key=endpoint.api_key(), base_url=endpoint.url, max_retries=0, http_client=http)


def _arguments(request: Request, model: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
    }
    if request.reply_schema:
        schema = {"name": "reply", "strict": True, "schema": json.loads(request.reply_schema)}
        given["response_format"] = {"type": "json_schema", "json_schema": schema}
    return given


def _completion(answer: Any) -> Completion:
    """Servers that ignore `n` or the shape of a completion are common, so nothing is taken for granted."""
    choices = getattr(answer, "choices", None)
    if not isinstance(choices, list) or len(choices) != 1:
        raise _Shapeless
    message = getattr(choices[0], "message", None)
    text = getattr(message, "content", None)
    usage = getattr(answer, "usage", None)
    return Completion(
        text if isinstance(text, str) else "",
        str(getattr(choices[0], "finish_reason", None) or "stop"),
        int(getattr(usage, "prompt_tokens", 0) or 0),
        int(getattr(usage, "completion_tokens", 0) or 0),
        getattr(answer, "model", None),
        getattr(answer, "system_fingerprint", None),
        answer.model_dump_json(),
    )


def _code(error: Any) -> str:
    """The server's code, type and, for the length of a context, its message; read only, never shown."""
    body = error.body if isinstance(error.body, dict) else {}
    return " ".join(str(body.get(field, "")) for field in ("code", "type", "message")).lower()


def _retry_after(headers: Any) -> float | None:
    """Seconds of a Retry-After header, which may also hold a date (RFC 9110, section 10.2.3)."""
    stated = headers.get("retry-after", "").strip()
    try:
        seconds = float(stated)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(stated).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), _LONGEST_PAUSE) if seconds == seconds else None


def tokens(messages: tuple[Message, ...]) -> int:
    """About how many tokens a prompt has: current tokenizers take 1.5 characters of Chinese as one, templates add a few."""
    return sum(int(len(message.content) / 1.5) + 8 for message in messages)
