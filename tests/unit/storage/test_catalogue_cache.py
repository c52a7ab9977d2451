"""What the catalogue says is read once for as long as the catalogue is the same."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.storage.catalogue_cache import CatalogueCache


class Catalogue:
    """A catalogue whose even numbers have a name."""

    version = 1

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def read(self, keys: Sequence[int]) -> dict[int, str]:
        self.asked.append(list(keys))
        return {key: f"{self.version}/{key}" for key in keys if key % 2 == 0}


def cache_of(catalogue: Catalogue, most: int = 4) -> CatalogueCache[int, str]:
    return CatalogueCache(lambda: catalogue.version, catalogue.read, most)


def test_only_what_is_new_is_read_and_what_is_not_there_is_not_asked_for_twice() -> None:
    catalogue = Catalogue()
    cache = cache_of(catalogue)
    assert cache.get([4, 1, 4]) == {4: "1/4"}
    assert cache.get([1, 2, 4]) == {2: "1/2", 4: "1/4"}
    assert list(cache.get([4, 2])) == [4, 2]
    assert catalogue.asked == [[4, 1], [2]]


def test_a_changed_catalogue_is_read_again() -> None:
    catalogue = Catalogue()
    cache = cache_of(catalogue)
    cache.get([2])
    catalogue.version = 2
    assert cache.get([2]) == {2: "2/2"}
    cache.clear()
    cache.get([2])
    assert catalogue.asked == [[2]] * 3


def test_no_more_is_kept_than_may_be() -> None:
    catalogue = Catalogue()
    cache = cache_of(catalogue)
    assert len(cache.get(range(0, 20, 2))) == 10  # more than may be kept
    assert len(cache.get([0, 2, 4, 6])) == 4
    assert cache.get([6, 8]) == {6: "1/6", 8: "1/8"}
    assert cache.get([0]) == {0: "1/0"}
    assert catalogue.asked[1:] == [[0, 2, 4, 6], [8], [0]]
