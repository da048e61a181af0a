"""Pages for people to read, under `reports/`. Knows names and bytes, not what the pages say."""

from datetime import datetime

from data.lineage import slug
from data.stores.store import Store


def save_report(store: Store, title: str, made_at: datetime, page: str) -> str:
    """Keep a page of HTML under its title and time; returns where it lies. None is overwritten."""
    name = f"{slug(title)}-{made_at:%Y%m%dT%H%M%S}"
    times = 1
    while not store.create(key := f"reports/{_numbered(name, times)}.html", page.encode()):
        times += 1
    return store.location(key)


def _numbered(name: str, times: int) -> str:
    return name if times == 1 else f"{name}-{times}"
