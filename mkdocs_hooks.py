"""Hooks of the site: pages from outside docs/, and links that work here and in the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

HOME = Path(__file__).parent
OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "migrations/README.md": "migrations.md",
}
"""Pages of the repository outside docs/, each with its name in the site."""
SOURCES = {page: source for source, page in OUTSIDE.items()}
LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside docs/."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(HOME / source).read_text()))
    return files


def on_page_markdown(markdown: str, *, page: Page, files: Files, **_: Any) -> str:
    """Point links of the repository to pages of the site; other files keep only their name."""
    here = page.file.src_uri
    source = SOURCES.get(here, f"docs/{here}")

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        name = OUTSIDE.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(name) is None:
            if not (HOME / path).exists():
                return found[0]  # mkdocs reports it
            return text
        return f"[{text}]({posixpath.relpath(name, posixpath.dirname(here) or '.')}{anchor or ''})"

    return LINK.sub(link, markdown)
