"""What a response means for the crawl: store it, follow it, try again, give up, or leave the site alone.

A site that answers 401 or 403, or shows a login or verification page, does not want to be crawled: the crawl stops there.
Nothing here works around a refusal.
"""

import re
from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

REFUSED = {401, 403}
TEMPORARY = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
MAX_REDIRECTS = 10
_WALL_TITLES = (
    "安全验证", "访问验证", "人机验证", "滑动验证", "身份验证", "验证码", "请登录", "用户登录", "会员登录", "登录 ",
    "captcha", "verify you are human", "attention required", "just a moment", "access denied", "log in", "sign in",
)  # fmt: skip
_WALL_SCRIPTS = rb"g-recaptcha|h-captcha|geetest|cf-challenge|cf_chl|TencentCaptcha|nc_token"
_WALL_PATHS = re.compile(
    r"/(login|signin|sign-in|passport|captcha|verify|verification|antispider|challenge)\b", re.IGNORECASE
)
_TITLE = re.compile(rb"<title[^>]*>(.{0,400}?)</title>", re.IGNORECASE | re.DOTALL)
_SCRIPTED = re.compile(rb"document\.cookie\s*=")
_RELOADS = re.compile(rb"location\.(reload|replace|href)|location\s*=")
_HEAD = 65_536
_SMALL = 16_384


class Verdict(NamedTuple):
    """The kind of ending, its reason, and the target of a redirect."""

    kind: Literal["store", "redirect", "retry", "fail", "stop"]
    reason: str | None = None
    target: str = ""


def judge(url: str, status: int, location: str | None, body: bytes, walls: Sequence[str] = ()) -> Verdict:
    """What this response means; `walls` are phrases that mark a login or verification page of this site."""
    if status in REFUSED:
        return Verdict("stop", f"http_{status}")
    if status in TEMPORARY:
        return Verdict("retry", f"http_{status}")
    if 300 <= status < 400 and location:
        return _redirect(url, location)
    if not 200 <= status < 300:
        return Verdict("fail", f"http_{status}")
    if wall := _wall(body, walls):
        return Verdict("stop", wall)
    if len(body) < _SMALL and _SCRIPTED.search(body) and _RELOADS.search(body):
        return Verdict("retry", "cookie_page")
    return Verdict("store")


def _redirect(url: str, location: str) -> Verdict:
    try:
        target = urldefrag(urljoin(url, location)).url
        parts = urlsplit(target)
    except ValueError:
        return Verdict("fail", "bad_redirect")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return Verdict("fail", "bad_redirect")
    if _WALL_PATHS.search(parts.path):
        return Verdict("stop", "login_or_verification_redirect")
    return Verdict("redirect", f"redirect to {target}", target)


def _phrases(words: Sequence[str]) -> bytes:
    """A pattern of these words as they stand in UTF-8 and in GB18030."""
    return b"|".join(re.escape(word.encode(charset)) for word in words for charset in ("utf-8", "gb18030"))


_TITLE_WORDS = re.compile(_phrases(_WALL_TITLES), re.IGNORECASE)
_SCRIPT_WORDS = re.compile(_WALL_SCRIPTS)


def _wall(body: bytes, walls: Sequence[str]) -> str | None:
    """The kind of wall that the page is; a question that merely mentions such words is none."""
    head = body[:_HEAD]
    title = _TITLE.search(head)
    if title and len(body) < _SMALL and _TITLE_WORDS.search(title[1]):
        return "login_or_verification_page"
    if len(body) < _SMALL and _SCRIPT_WORDS.search(head):
        return "captcha_page"
    if walls and re.search(_phrases(walls), head):
        return "wall_of_the_plan"
    return None


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, 0 for a time gone by; None without one or with an unreadable one.

    RFC 9110, section 10.2.3: a number of seconds or an HTTP date.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,10}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
