from pathlib import Path

from cmtmedqa.annotate import doors


def test_the_pages_are_put_in_front_of_the_server_s_own(tmp_path: Path) -> None:
    stale = tmp_path / "templates" / "users" / "old.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("of an earlier version", encoding="utf-8")
    environment = doors.install(tmp_path)
    settings = tmp_path / f"{environment['DJANGO_SETTINGS_MODULE']}.py"
    assert environment["PYTHONPATH"] == str(tmp_path.resolve())
    compile(settings.read_text(encoding="utf-8"), str(settings), "exec")
    assert not stale.exists()
    assert doors.install(tmp_path) == environment
    for name in ("user_login", "user_signup"):
        page = (tmp_path / "templates" / "users" / "new-ui" / f"{name}.html").read_text(encoding="utf-8")
        assert "{% csrf_token %}" in page
        assert "http" not in page  # nothing is loaded from elsewhere
    assert '{% extends "base.html" %}' in (tmp_path / "templates" / "base.html").read_text(encoding="utf-8")
