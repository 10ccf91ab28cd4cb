"""The links that a page offers, by the rules of the plan; what `allow` does not name is left out."""

import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

from cmtmedqa.crawl.plan import LinkRule, Plan


def find(plan: Plan, url: str, text: str) -> list[str]:
    """Absolute addresses without fragments, in the order of the page, each once."""
    found: dict[str, None] = {}
    for rule in plan.links:
        if re.fullmatch(plan.filled(rule.pages, pattern=True), url):
            for target in _targets(rule, plan, url, text):
                if plan.allows(target):
                    found[target] = None
    return list(found)


def _targets(rule: LinkRule, plan: Plan, url: str, text: str) -> Iterator[str]:
    for value in _values(rule, text):
        address = plan.filled(rule.url).replace("{0}", value.strip())
        try:
            yield urldefrag(urljoin(url, address)).url
        except ValueError:  # such as http://[
            continue


def _values(rule: LinkRule, text: str) -> list[str]:
    if rule.regex is not None:
        return [match[1] if match.re.groups else match[0] for match in re.finditer(rule.regex, text)]
    from parsel import Selector

    return Selector(text=text, type="html").css(rule.css).getall() if text.strip() else []
