"""Makes the description of the package page from README.md; all else is in pyproject.toml.

Relative links and images lead nowhere from there, so that they get the address of the project.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
HOMEPAGE = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["urls"]["Homepage"]
RELATIVE_TARGET = re.compile(r"""(\]\(|src=")(?![a-z]+:|#|/)""")


def package_page() -> str:
    """The README with absolute links."""
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    return RELATIVE_TARGET.sub(rf"\1{HOMEPAGE}/", readme)


setup(long_description=package_page(), long_description_content_type="text/markdown")
