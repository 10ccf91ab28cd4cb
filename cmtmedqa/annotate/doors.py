"""The pages of the server that are not the labelling screen, in Chinese: log-in, invitation, and what stands around the screen.

Label Studio speaks English only. A server that we start ourselves gets Django settings of our own, which are its settings with
one more folder of templates in front; nothing in its installation is changed.
"""

import shutil
from pathlib import Path

from cmtmedqa.io import write_text
from cmtmedqa.paths import package_file

_MODULE = "cmtmedqa_pages"
_SETTINGS = """# Label Studio's settings with the templates of cmtmedqa in front of its own. They read themselves by this module's name
# while they load, so they are run here and not imported.
import importlib.util
from pathlib import Path

_own = importlib.util.find_spec("label_studio.core.settings.label_studio").origin
exec(compile(Path(_own).read_bytes(), _own, "exec"))
TEMPLATES[0]["DIRS"].insert(0, str(Path(__file__).parent / "templates"))
"""


def install(folder: Path) -> dict[str, str]:
    """Write settings and templates into a folder, and give the environment by which the server uses them."""
    templates = folder / "templates"
    shutil.rmtree(templates, ignore_errors=True)
    shutil.copytree(package_file("annotate", "pages"), templates)
    write_text(folder / f"{_MODULE}.py", _SETTINGS)
    return {"DJANGO_SETTINGS_MODULE": _MODULE, "PYTHONPATH": str(folder.resolve())}
