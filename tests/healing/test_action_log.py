import json

from pushtune.healing import action_log
from pushtune.healing.action_log import actions_file, keep
from pushtune.settings import Settings


def test_actions_are_appended_and_the_file_is_bounded(tmp_path, monkeypatch):
    settings = Settings(home=tmp_path)
    monkeypatch.setattr(action_log, "ACTIONS_LIMIT_BYTES", 100)
    for number in range(10):
        keep(settings, {"number": number, "reason": "x" * 40})
    lines = [json.loads(line)["number"] for line in actions_file(settings).read_text().splitlines()]
    assert lines and lines[-1] == 9
    older = actions_file(settings).with_name("actions.jsonl.1")
    assert older.exists() and actions_file(settings).stat().st_size < 300
    assert actions_file(settings).stat().st_mode & 0o077 == 0
