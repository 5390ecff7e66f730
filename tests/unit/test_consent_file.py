"""What `waypost consents import` says of a file that it cannot read."""

from pathlib import Path

import pytest
from click import ClickException

from infra.local.consents import import_consents


def test_a_list_in_another_encoding_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("chat,means,given_at\n".encode("utf-16"))
    with pytest.raises(ClickException, match="Save it as CSV UTF-8"):
        import_consents({"url": "http://127.0.0.1:1", "api_key": "none"}, file, None, print)
