"""What the processes of `tests.command` have loaded before they begin: what the common commands import late."""

from importlib.util import find_spec

import cmtmedqa.build.audit
import cmtmedqa.build.pipeline
import cmtmedqa.build.recheck
import cmtmedqa.cli.app
from cmtmedqa.clean.deidentify import find

find("")  # reads the rules
if find_spec("scrapy"):
    import scrapy.crawler  # noqa: F401
LOADED = (cmtmedqa.build.audit, cmtmedqa.build.pipeline, cmtmedqa.build.recheck, cmtmedqa.cli.app)
