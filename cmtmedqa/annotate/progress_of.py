"""How things stand: the server, the experts' accounts, and how many tasks of each round are done."""

from pathlib import Path
from typing import Any

from cmtmedqa.annotate.connection import target
from cmtmedqa.annotate.failures import StudioError
from cmtmedqa.annotate.home import Home, default_folder
from cmtmedqa.annotate.ledger import ROUND, Ledger, Round
from cmtmedqa.annotate.push import words
from cmtmedqa.annotate.studio import Studio, connect

Facts = dict[str, Any]


def planned(rounds: Path) -> list[Round]:
    """All rounds below a folder, by name."""
    return [Ledger(path.parent).read() for path in sorted(rounds.glob(f"*/{ROUND}"))]


def facts(data: Path | None, rounds: Path, url: str | None = None, token_file: Path | None = None) -> Facts:
    """All that `status` tells, as a JSON value. A server that does not answer is a fact, not an error."""
    home = Home(data or default_folder())
    server, values = home.server(), planned(rounds)
    result: Facts = {
        "folder": str(home.folder),
        "running": home.locked(),
        "pids": list(home.pids()),
        "url": server.url if server else "",
        "database": (server.database or "SQLite") if server else "",
        "problem": "",
        "experts": [{"code": expert.code, "email": expert.email, "account": None} for expert in home.experts()],
        "rounds": [_round(value, None) for value in values],
    }
    try:
        where = target(data, url, token_file)
        with connect(where.url, where.token, where.log) as studio:
            release, edition = studio.version()
            mails = {mail.lower() for mail in studio.users().values()}
            result |= {"url": where.url, "version": release, "edition": edition}
            for expert in result["experts"]:
                expert["account"] = expert["email"].lower() in mails
            result["rounds"] = [_round(value, studio) for value in values]
    except StudioError as error:
        result["problem"] = str(error)
    return result


def _round(value: Round, studio: Studio | None) -> Facts:
    projects = []
    for project in value.projects:
        line: Facts = {"id": project.id, "title": project.title, "expert": project.expert, "tasks": None, "done": None}
        if studio is not None:
            try:
                stored = studio.project(project.id, words(project))
                line |= {"tasks": stored.tasks, "done": stored.done}
            except StudioError as error:
                line["problem"] = str(error)
        projects.append(line)
    return {"name": value.name, "rubric": value.rubric_version, "projects": projects}


def lines(found: Facts) -> list[str]:
    """The facts as text."""
    if "version" in found:
        head = f"Label Studio {found['version']} ({found['edition']}) answers at {found['url']}"
    else:
        head = found["problem"]
    pids = f", process {found['pids'][0]}" if found["pids"] else ""
    text = [head, f"folder: {found['folder']}{pids}{', ' + found['database'] if found['database'] else ''}"]
    for expert in found["experts"]:
        account = {True: "has an account", False: "no account yet", None: "account unknown"}[expert["account"]]
        text.append(f"expert {expert['code']} {expert['email'] or '(no address)'}: {account}")
    for item in found["rounds"]:
        text.append(f"round {item['name']}, rubric {item['rubric']}:")
        for project in item["projects"]:
            count = "unknown" if project["tasks"] is None else f"{project['done']:,} of {project['tasks']:,} tasks done"
            text.append(f"  {project['title']} (project {project['id']}): {project.get('problem') or count}")
    return text
