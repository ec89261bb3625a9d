import threading

from pushtune.running import container_log
from pushtune.running.container_log import LINE_LIMIT_CHARACTERS, LogFollower, clean_line, lines_of


def test_terminal_sequences_and_control_characters_are_taken_out():
    assert clean_line("\x1b[1m\x1b[31mred\x1b[0m\x1b]0;title\x07 text\x00\x08") == "red text\ufffd\ufffd"
    assert clean_line("a\tb\u202eb") == "a    b\ufffdb"
    assert clean_line("Größe 模型 é") == "Größe 模型 é"


def test_long_lines_are_cut_and_say_so():
    cut = clean_line("x" * (LINE_LIMIT_CHARACTERS + 7))
    assert cut.endswith("... (7 characters left out)") and len(cut) < LINE_LIMIT_CHARACTERS + 60


def test_lines_are_put_together_from_chunks():
    assert list(lines_of([b"on", b"e\ntwo\nth", b"ree"])) == ["one", "two", "three"]


def test_a_character_split_between_chunks_is_whole():
    assert list(lines_of([b"Gr\xc3", b"\xb6\xc3\x9fe\n"])) == ["Größe"]


def test_of_a_progress_bar_only_the_last_state_is_kept():
    chunks = [f"\r{number}/100".encode() for number in range(1, 101)]
    assert list(lines_of([*chunks, b"\ndone\n"])) == ["100/100", "done"]
    assert list(lines_of([b"1/2\r2/2\r\n"])) == ["2/2"]


def test_a_line_without_end_takes_bounded_memory():
    lines = list(lines_of(b"x" * 65536 for _ in range(200)))
    assert len(lines) == 1 and len(lines[0]) < LINE_LIMIT_CHARACTERS + 60


def test_follower_reports_a_broken_stream_and_ends():
    def broken():
        yield b"first\n"
        raise OSError("connection lost")

    lines = []
    follower = LogFollower(broken, lines.append)
    follower.start()
    assert follower.finish(10)
    assert lines == ["first", "The container's output cannot be followed any more: connection lost"]


def test_follower_stops_at_the_character_limit(monkeypatch):
    monkeypatch.setattr(container_log, "CHARACTERS_LIMIT", 100)
    lines = []
    follower = LogFollower(lambda: iter([b"x" * 60 + b"\n"] * 5), lines.append)
    follower.start()
    assert not follower.finish(10) and follower.limited
    assert lines[0] == "x" * 60 and "more output than a log should hold" in lines[1] and len(lines) == 2


def test_a_closed_follower_writes_nothing_more():
    go_on = threading.Event()

    def slow():
        yield b"one\n"
        go_on.wait(10)
        yield b"two\n"

    lines = []
    follower = LogFollower(slow, lines.append)
    follower.start()
    assert not follower.finish(0.2)
    go_on.set()
    follower.join(10)
    assert lines == ["one"]
