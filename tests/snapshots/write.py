"""Write the snapshots of all tools again: `python -m tests.snapshots.write`."""

import asyncio

from tests.snapshots import FOLDER, listed_tools, snapshot


def main() -> None:
    """Write a file for each tool there is, and remove those of tools that are gone."""
    texts = {f"{tool['name']}.json": snapshot(tool) for tool in asyncio.run(listed_tools())}
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
