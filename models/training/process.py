"""How a training behaves as a process: one polite thread, a checkpoint that is never half written."""
import ctypes
import os

import torch


def settle():
    """Threads from THREADS (1 unless set), and a malloc that keeps large blocks: freeing them to the system after each
    operation costs a fifth of the time in page faults."""
    torch.set_num_threads(int(os.environ.get("THREADS", "1")))
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 2**31 - 1)         # M_MMAP_THRESHOLD
        libc.mallopt(-1, 2**31 - 1)         # M_TRIM_THRESHOLD
    except (OSError, AttributeError):
        pass                                # not glibc: slower, otherwise the same


def save(path, state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)
