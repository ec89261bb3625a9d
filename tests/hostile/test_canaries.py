"""The search for planted secrets finds them, wherever they lie."""

from pathlib import Path

from tests.hostile.canaries import ENVIRONMENT, FILES, Canaries


def test_a_secret_that_leaks_is_found(tmp_path: Path) -> None:
    canaries = Canaries(tmp_path / "home")
    try:
        assert len(canaries.values) >= len(ENVIRONMENT) + len(FILES)
        for name, value in canaries.values.items():
            assert canaries.seen_in(b"before" + value.encode() + b"after") == [name]
        assert canaries.seen_in(b"nothing") == []
        leak = tmp_path / "run" / "deep" / "file"
        leak.parent.mkdir(parents=True)
        leak.write_text("x" * 100_000 + canaries.values["SENDGRID_API_KEY"])
        (tmp_path / "run" / "link").symlink_to(tmp_path / "home")
        assert canaries.seen_below(tmp_path / "run") == [f"SENDGRID_API_KEY in {leak}"]
    finally:
        canaries.remove()
