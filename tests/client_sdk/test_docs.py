"""docs/sdk.md is true."""

import re
from pathlib import Path
from typing import Any

from client_sdk import errors
from client_sdk.errors import CloudError

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text()


def test_the_page_lists_every_error_with_its_code() -> None:
    """No error is missing, none is made up, and all codes are right."""
    documented = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE))
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert documented == {k.code: k.__name__ for k in kinds if issubclass(k, CloudError)}


async def test_the_example_works(manager, monkeypatch, tmp_path, capsys) -> None:
    """The first example does what it shows."""
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    program = example[1].replace("http://127.0.0.1:4000", manager.url)
    names: dict[str, Any] = {}
    exec(program.replace("asyncio.run(main())", ""), names)  # noqa: S102 - our own documentation
    monkeypatch.chdir(tmp_path)
    manager.users = {"alice": "correct horse"}
    manager.folders.add("/videos")
    (tmp_path / "holiday.mp4").write_bytes(b"film")
    await names["main"]()
    assert (tmp_path / "copy.mp4").read_bytes() == b"film"
    assert capsys.readouterr().out == "holiday.mp4\n"
