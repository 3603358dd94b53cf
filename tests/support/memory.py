"""What a process of tests holds of memory: what is in use, not what its allocator keeps for later."""

import ctypes
import gc
import sys

#: Bytes of one of Python's own small blocks, about.
_BLOCK = 64


class _Mallinfo2(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    )


def in_use() -> int:
    """Return the bytes that this process has in use, by malloc and by Python itself, once all garbage is gone.

    The resident set would say how much the allocator has not given back: that depends on which thread freed what, in
    which order, and so on the machine.
    """
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo2
    info = mallinfo2()
    return int(info.uordblks) + int(info.hblkhd) + _BLOCK * sys.getallocatedblocks()
