"""MkDocs hook that adds pages of the repository to the documentation site."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGE_OF_FILE = {
    "README.md": "index.md",
    "README.zh-CN.md": "index.zh-CN.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}


def site_links(text: str) -> str:
    """Return Markdown text with its links to files of the repository rewritten as links within the site."""

    def rewrite(match: re.Match[str]) -> str:
        path, anchor = match["path"], match["anchor"] or ""
        return f"]({PAGE_OF_FILE.get(path, path.removeprefix('docs/'))}{anchor})"

    return re.sub(r"\]\((?P<path>[^)#:]+)(?P<anchor>#[^)]*)?\)", rewrite, text)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages; MkDocs calls this function after it has read docs/."""
    root = Path(config.config_file_path).parent
    for source, page in PAGE_OF_FILE.items():
        text = site_links((root / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=text))
    return files
