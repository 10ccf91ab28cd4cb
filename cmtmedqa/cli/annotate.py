"""`cmtmedqa annotate`: the server (`serve`, `status`, `stop`, `invite`) and the rounds (`push`, `pull`, `adjudicate`)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cmtmedqa.cli import annotate_adjudicate, annotate_agreement, annotate_export, annotate_rounds, annotate_screens
from cmtmedqa.cli.annotate_options import Data, Rounds, TokenFile, Url

if TYPE_CHECKING:  # rubric, screens and rules take their time to load, and every command imports this file
    from cmtmedqa.annotate.connection import Target

PORT = 8080

app = typer.Typer(
    no_args_is_help=True, help="Have experts rank replies in Label Studio, and bring their verdicts home."
)
app.command("push")(annotate_rounds.push)
app.command("pull")(annotate_rounds.pull)
app.command("adjudicate")(annotate_adjudicate.adjudicate)
app.command("agreement")(annotate_agreement.agreement)
app.command("export")(annotate_export.export)
app.command("screens")(annotate_screens.screens)


@app.command("serve")
def serve(
    data: Data = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this computer; a taken one is refused.")] = PORT,
    label_studio: Annotated[
        Path | None,
        typer.Option(
            help="An existing Label Studio 1.23: its virtual environment or its program. Default: one is installed, once.",
            show_default=False,
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="CMTMEDQA_DATABASE_URL",
            help="postgresql://USER@HOST:PORT/NAME; the password in it, or better in CMTMEDQA_DATABASE_PASSWORD. Default: SQLite in --data.",
            show_default=False,
        ),
    ] = None,
    public_url: Annotated[
        str, typer.Option(help="The https address by which your reverse proxy shows the server.", show_default=False)
    ] = "",
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay until Ctrl-C or a stop, in place of going to the background.")
    ] = False,
) -> None:
    """Start a Label Studio that only this computer reaches: no telemetry, no open sign-up, an administrator by chance."""
    import signal

    from rich.console import Console

    from cmtmedqa.annotate import database, environment, server
    from cmtmedqa.annotate.failures import need_sdk
    from cmtmedqa.annotate.home import Home, default_folder
    from cmtmedqa.errors import InputError

    need_sdk()
    if foreground:  # whoever runs services stops them with SIGTERM, also while they start
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if public_url and not public_url.startswith(("http://", "https://")):
        raise InputError("--public-url: the address must start with https:// (or http:// inside a network you trust)")
    home, console = Home((data or default_folder()).absolute()), Console(stderr=True)
    base = database.parse(database_url) if database_url else None
    ran = home.server()
    if not (ran and home.locked() and server.healthy(ran.url)):
        server.require_free(port)
    program = environment.find(label_studio, console)
    started = server.serve(home, server.Start(program, port, base, public_url), console, foreground)
    if not foreground:
        typer.echo(f"Label Studio {started.version} runs at {started.url}")
        typer.echo(f"administrator and token: {home.folder / 'admin.json'}; log: {home.log}")
        typer.echo("next: cmtmedqa annotate invite CODE=E-MAIL ...; end: cmtmedqa annotate stop")


@app.command("stop")
def stop(data: Data = None) -> None:
    """Stop the server that `serve` started for this folder."""
    from cmtmedqa.annotate import server
    from cmtmedqa.annotate.home import Home, default_folder

    home = Home(data or default_folder())
    typer.echo("stopped" if server.stop(home) else f"{home.folder}: no server runs")


@app.command("status")
def status(
    data: Data = None,
    rounds: Rounds = Path("rounds"),
    url: Url = None,
    token_file: TokenFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Say whether the server runs, who has an account, and how far each expert is in each round."""
    import json

    from cmtmedqa.annotate import progress_of

    facts = progress_of.facts(data, rounds, url, token_file)
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=1) if as_json else "\n".join(progress_of.lines(facts)))


@app.command("invite")
def invite(
    experts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODE=E-MAIL]...",
            help="Experts to register: a short code for all files, and the address they sign up with.",
        ),
    ] = None,
    data: Data = None,
    rounds: Rounds = Path("rounds"),
    url: Url = None,
    token_file: TokenFile = None,
    new_link: Annotated[
        bool, typer.Option("--new-link", help="Make the link that was given out so far useless, and print a new one.")
    ] = False,
) -> None:
    """Register experts and print what to send to each: the sign-up link, and the link to their work once it was pushed."""
    from cmtmedqa.annotate.connection import target
    from cmtmedqa.annotate.home import Expert
    from cmtmedqa.annotate.studio import connect

    where = target(data, url, token_file)
    register = where.home.register(Expert(code=code, email=mail.strip()) for code, mail in map(_pair, experts or ()))
    if new_link:
        _renew(where)
    with connect(where.url, where.token, where.log) as studio:
        link = studio.invite_link()
        accounts = {mail.lower() for mail in studio.users().values()}
    link = where.public_url.rstrip("/") + link[link.index("/user/") :]
    if not register:
        typer.echo(f"sign-up link: {link}")
        typer.echo("register experts with: cmtmedqa annotate invite CODE=E-MAIL ...")
    for expert in register:
        _letter(expert, link, expert.email.lower() in accounts, _work(rounds, expert.code, where.public_url))


def _pair(text: str) -> tuple[str, str]:
    from cmtmedqa.errors import InputError

    code, sign, mail = text.partition("=")
    if not sign:
        raise InputError(f"expert {text[:20]}: write CODE=E-MAIL, such as A=expert@hospital.example")
    return code.strip(), mail


def _renew(where: "Target") -> None:
    from cmtmedqa.annotate.accounts import new_invite_link
    from cmtmedqa.errors import InputError

    admin, server = where.home.admin(), where.home.server()
    if admin is None or server is None or server.url != where.url:
        raise InputError(
            "--new-link: only for a server that annotate serve started; elsewhere use the page Organization"
        )
    new_invite_link(where.url, admin.email, admin.password)


def _work(rounds: Path, code: str, url: str) -> list[str]:
    from cmtmedqa.annotate.progress_of import planned

    return [
        f"{url.rstrip('/')}/projects/{project.id}/data?labeling=1"
        for value in planned(rounds)
        for project in value.projects
        if project.expert == code
    ]


def _letter(expert: Any, link: str, signed_up: bool, work: list[str]) -> None:
    """What the lead sends to one expert, in Chinese."""
    typer.echo(f"--- {expert.code} {expert.email or '(no address yet)'}{' (has an account)' if signed_up else ''}")
    if not signed_up:
        typer.echo(
            f"请用浏览器打开下面的链接，用邮箱 {expert.email or '……'} 注册并设置密码（密码请自己保管）：\n{link}"
        )
    for address in work:
        typer.echo(f"您的任务（登录后打开，一题做完自动进入下一题）：\n{address}")
