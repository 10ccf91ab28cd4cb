"""Where the installed command begins. It imports nothing outside the standard library, so that `doctor` answers, and every other
command ends in one line, when a package of the core is missing or broken.
"""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from cmtmedqa.cli.app import main as run
    except ImportError as error:
        from cmtmedqa.cli.installation import without_typer

        if sys.argv[1:2] == ["doctor"]:
            without_typer(sys.argv[2:])
        sys.stderr.write(f"error: {error.name or error} cannot be imported; cmtmedqa doctor says what to install\n")
        sys.exit(2)
    run()
