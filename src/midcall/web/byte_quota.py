"""How many bytes of requests a process holds at once, in all and for each owner. Used by one event loop alone."""

from collections import Counter

from midcall.domain.errors import BodiesFull, WorkspaceBodiesFull

MEGABYTE = 1024 * 1024
#: Of all callers together. What is made of a body takes a few times its bytes.
MOST = 64 * MEGABYTE
#: Of one owner: a workspace, or all that nobody answers for yet. Two of the largest bodies.
SHARE = 32 * MEGABYTE

#: Whose bytes are held before it is known whose they are: deliveries whose signature is over them, and forms.
NOBODY = ""


class ByteQuota:
    """The bytes of requests that a process holds at once, in all and for each owner."""

    def __init__(self, most: int = MOST, share: int = SHARE) -> None:
        self._most = most
        self._share = share
        self._all = 0
        self._by_owner: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._all

    def take(self, owner: str, count: int) -> None:
        """Hold more bytes; raises BodiesFull or WorkspaceBodiesFull, and then holds no more than before."""
        if self._all + count > self._most:
            raise BodiesFull
        if self._by_owner[owner] + count > self._share:
            raise BodiesFull if owner == NOBODY else WorkspaceBodiesFull
        self._all += count
        self._by_owner[owner] += count

    def give_back(self, owner: str, count: int) -> None:
        """Hold fewer bytes of an owner."""
        self._all -= count
        self._by_owner[owner] -= count
        if not self._by_owner[owner]:
            del self._by_owner[owner]


class HeldBytes:
    """The bytes that one request holds of a quota, from its first byte until it is answered."""

    def __init__(self, quota: ByteQuota, owner: str = NOBODY) -> None:
        self._quota = quota
        self._owner = owner
        self._count = 0

    def grow(self, count: int) -> None:
        """Hold more bytes; raises BodiesFull or WorkspaceBodiesFull."""
        self._quota.take(self._owner, count)
        self._count += count

    def belong_to(self, owner: str) -> None:
        """Count what is held as an owner's; raises WorkspaceBodiesFull, and then it stays nobody's."""
        count = self._count
        self.release()
        try:
            self._quota.take(owner, count)
        except WorkspaceBodiesFull:
            self.grow(count)
            raise
        self._owner, self._count = owner, count

    def release(self) -> None:
        """Hold nothing any more."""
        self._quota.give_back(self._owner, self._count)
        self._count = 0
