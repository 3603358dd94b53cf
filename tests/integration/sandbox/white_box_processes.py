"""Attacks by processes, threads and signals, with the same knowledge as those of `white_box`."""

from tests.integration.sandbox.white_box import CRASHED, REAL, VIOLATION, Attack

#: Code that is still there when the handler has returned. The first to answer is believed, and PID 1 kills the rest.
LATE = {
    "a_grandchild_that_outlives_the_handler": Attack(
        """
        late, fd = frame(FrameKind.RESULT, b'"FORGED"', token()), channel()
        if os.fork() == 0:
            time.sleep(0.2)
            for _ in range(200):
                os.write(fd, late + frame(FrameKind.LOG))
                time.sleep(0.01)
            os._exit(0)
        return 'real'
        """,
        REAL,
    ),
    "a_daemon_in_a_session_of_its_own": Attack(
        """
        late, fd = frame(FrameKind.RESULT, b'"FORGED"', token()), channel()
        if os.fork() == 0:
            os.setsid()
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            if os.fork():
                os._exit(0)
            time.sleep(0.2)
            while True:
                os.write(fd, late)
                time.sleep(0.01)
        return 'real'
        """,
        REAL,
    ),
    "a_grandchild_that_answers_first": Attack(
        """
        if os.fork() == 0:
            return 'FORGED'
        os.write(channel(), frame(FrameKind.RESULT, b'"OWN"', token()))
        time.sleep(1)
        return 'real'
        """,
        {"ok": ("OWN",)},
    ),
    "a_thread_that_never_stops_forging": Attack(
        """
        fd = channel()
        def forge():
            while True:
                os.write(fd, frame(FrameKind.RESULT))
        threading.Thread(target=forge, daemon=True).start()
        time.sleep(0.05)
        return 'real'
        """,
        VIOLATION | REAL,
    ),
    "a_thread_that_is_no_daemon": Attack(
        """
        def late():
            time.sleep(0.3)
            print('FORGED')
        threading.Thread(target=late).start()
        return 'real'
        """,
        REAL,
    ),
    "an_exit_handler": Attack(
        """
        fd = channel()
        atexit.register(lambda: (print('FORGED'), os.write(fd, frame(FrameKind.RESULT))))
        return 'real'
        """,
        REAL,
    ),
    "a_finaliser_of_what_was_returned": Attack(
        """
        fd = channel()
        class Text(str):
            def __del__(self):
                os.write(fd, frame(FrameKind.RESULT))
        return Text('real')
        """,
        VIOLATION,
    ),
    "a_signal_handler_in_the_middle_of_the_answer": Attack(
        """
        fd = channel()
        signal.signal(signal.SIGALRM, lambda *_: os.write(fd, frame(FrameKind.RESULT)))
        signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
        return ['real'] * 20_000
        """,
        VIOLATION | CRASHED | {"ok": (["real"] * 20_000,)},
    ),
    "a_profiler_that_watches_the_runner": Attack(
        """
        fd = channel()
        def watch(running, event, argument):
            if running.f_code.co_name == 'encode':
                sys.setprofile(None)
                os.write(fd, frame(FrameKind.RESULT))
        sys.setprofile(watch)
        return 'real'
        """,
        VIOLATION,
    ),
    "another_program_with_the_channel": Attack(
        """
        os.set_inheritable(channel(), True)
        own = frame(FrameKind.RESULT, b'"OWN"', token()).hex()
        code = f'import os; os.write({channel()}, bytes.fromhex("{own}"))'
        os.execv('/sandbox/python', ['python', '-I', '-c', code])
        """,
        {"ok": ("OWN",)},
    ),
    "another_program_that_has_no_token": Attack(
        """
        os.set_inheritable(channel(), True)
        forged = frame(FrameKind.RESULT).hex()
        code = f'import os; os.write({channel()}, bytes.fromhex("{forged}"))'
        subprocess.run(['/sandbox/python', '-I', '-c', code], close_fds=False)
        return 'real'
        """,
        VIOLATION,
    ),
}

#: What can be done to PID 1, and to what it reads from.
SUPERVISOR = {
    "every_signal_in_every_way": Attack(
        """
        for number in range(1, 65):
            os.kill(1, number)
            LIBC.syscall(200, 1, number)
            LIBC.syscall(234, 1, 1, number)
        time.sleep(0.05)
        return 'real'
        """,
        REAL,
    ),
    "signals_that_the_kernel_sends_for_its_descriptors": Attack(
        """
        F_SETSIG, O_ASYNC = 10, 0o20000
        for number in (0, 2, 9, 15, 19, 34):
            for fd in (1, channel()):
                fcntl.fcntl(fd, fcntl.F_SETOWN, 1)
                fcntl.fcntl(fd, F_SETSIG, number)
                fcntl.fcntl(fd, fcntl.F_SETFL, os.O_RDWR | O_ASYNC)
            print('x' * 5000, flush=True)
            time.sleep(0.02)
        return 'real'
        """,
        REAL,
    ),
    "pipes_of_other_sizes": Attack(
        """
        F_SETPIPE_SZ = 1031
        sizes = [refused(lambda: fcntl.fcntl(1, F_SETPIPE_SZ, size)) for size in (1, 1 << 30)]
        for fd in (0, 1, 2):
            os.set_blocking(fd, False)
        for _ in range(300):
            try:
                os.write(1, b'x' * 4096)
            except BlockingIOError:
                pass
        return 'real' if sizes[1] else sizes
        """,
        REAL,
    ),
    "a_channel_that_does_not_block": Attack(
        """
        os.set_blocking(channel(), False)
        return 'real' * 50_000
        """,
        CRASHED | {"ok": ("real" * 50_000,)},
    ),
    "a_channel_that_is_shut": Attack(
        """
        served()['channel'].shutdown(socket.SHUT_RDWR)
        return 'real'
        """,
        CRASHED,
    ),
    "a_channel_that_is_closed": Attack(
        """
        os.close(channel())
        return 'real'
        """,
        CRASHED,
    ),
    "a_channel_that_is_the_log": Attack(
        """
        os.dup2(1, channel())
        return 'FORGED' * 0 or 'real'
        """,
        CRASHED,
    ),
    "nothing_open_at_all": Attack(
        """
        os.closerange(0, 1024)
        return 'real'
        """,
        CRASHED,
    ),
    "descriptors_in_a_message": Attack(
        """
        pair = socket.socketpair()
        send = lambda: socket.send_fds(pair[0], [b'x'], [channel()])
        return 'real' if refused(send) else 'sent'
        """,
        REAL,
    ),
    "siblings_that_die_beside_it": Attack(
        """
        CLONE_PARENT = 0x8000
        for _ in range(150):
            if LIBC.syscall(56, CLONE_PARENT | 17, 0, 0, 0, 0) == 0:
                os._exit(7)
        time.sleep(0.1)
        return 'real'
        """,
        REAL,
    ),
    "orphans_that_die_in_its_arms": Attack(
        """
        for _ in range(20):  # forty with their children: a slow machine has all of them at once, and 64 are the limit
            if os.fork() == 0:
                if os.fork() == 0:
                    time.sleep(0.01)
                os._exit(137)
        os.kill(1, signal.SIGCHLD)
        time.sleep(0.1)
        return 'real'
        """,
        REAL,
    ),
    "a_flood_from_many_processes": Attack(
        """
        for _ in range(20):
            if os.fork() == 0:
                while True:
                    os.write(1, b'x' * 60_000)
        time.sleep(0.3)
        return 'real'
        """,
        REAL,
    ),
    "limits_of_its_own_that_it_cannot_meet": Attack(
        """
        import resource
        for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
            resource.setrlimit(limit, (0, 0))
        return 'real'
        """,
        REAL,
    ),
    "a_handler_that_stops_everything": Attack(
        """
        if os.fork() == 0:
            time.sleep(60)
        os.kill(-1, signal.SIGSTOP)
        os.kill(1, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        return 'FORGED'
        """,
        {"timeout": ("Timeout",)},
        ms=1500,  # short: its deadline ends it
    ),
    "many_small_processes_that_fill_the_memory": Attack(
        """
        open('/proc/self/oom_score_adj', 'w').write('500')
        for _ in range(50):
            if os.fork() == 0:
                keep = [bytearray(1 << 20) for _ in range(6)]
                time.sleep(60)
        time.sleep(60)
        return 'FORGED'
        """,
        CRASHED | {"memory": ("OutOfMemory",), "timeout": ("Timeout",), "error": ("MemoryError",)},
        ms=2500,  # short: its deadline may end it
    ),
}

#: Looking for what PID 1 holds: each returns what it found.
REACHED = {
    "descriptors": Attack(
        """
        own, found = {0, 1, 2, channel()}, []
        for fd in set(range(1024)) - own:
            try:
                found.append([fd, os.write(fd, frame(FrameKind.OUTCOME, b'{}'))])
            except OSError:
                pass
        return found
        """,
        {"ok": ([],)},
    ),
    "what_proc_has_of_pid_1": Attack(
        """
        found = []
        for root in ('/proc/1', '/proc/1/task/1'):
            for name in os.listdir(root):
                path = f'{root}/{name}'
                if not os.path.isdir(path):
                    def write():
                        file = os.open(path, os.O_WRONLY)
                        os.write(file, b'0')
                    if not refused(write):
                        found.append(path)
            hidden = ('mem', 'maps', 'smaps', 'pagemap', 'environ', 'auxv', 'io', 'syscall', 'stack', 'numa_maps')
            for name in hidden:
                if not refused(lambda: open(f'{root}/{name}', 'rb').read(1)):
                    found.append(name)
            for name in ('exe', 'cwd', 'root', 'ns/pid', 'fd/0', 'fd/1'):
                if not refused(lambda: os.readlink(f'{root}/{name}')):
                    found.append(name)
            for name in ('fd', 'fdinfo', 'map_files'):
                if not refused(lambda: os.listdir(f'{root}/{name}')):
                    found.append(name)
        return sorted(set(found))
        """,
        {"ok": ([],)},
    ),
    "tracing": Attack(
        """
        def call(*numbers):
            return LIBC.syscall(*[ctypes.c_long(number) for number in numbers]) != -1
        word = ctypes.create_string_buffer(64)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(word), 64)
        at = ctypes.addressof(vector)
        ways = {'dumpable': (157, 4, 1, 0, 0, 0), 'ptracer': (157, 0x59616D61, -1, 0, 0, 0),
            'traceme': (101, 0, 0, 0, 0), 'attach': (101, 16, 1, 0, 0), 'seize': (101, 0x4206, 1, 0, 0),
            'read': (310, 1, at, 1, at, 1, 0), 'write': (311, 1, at, 1, at, 1, 0), 'pidfd': (434, 1, 0),
            'getfd': (438, 0, 1, 0), 'kcmp': (312, 1, os.getpid(), 0, 1, 1), 'limits': (302, 1, 7, 0, at),
            'affinity': (203, 1, 8, at), 'madvise': (440, 0, at, 1, 4, 0), 'queue': (129, 1, 9, at)}
        return sorted(name for name, numbers in ways.items() if call(*numbers))
        """,
        {"ok": (["dumpable"],)},
    ),
    "who_dies_first": Attack(
        """
        # Its own score it may take back to where the container began; whoever then dies first, nothing is forged.
        own, his = '/proc/self/oom_score_adj', '/proc/1/oom_score_adj'
        found = []
        for path, score in ((his, '1000'), (his, '0'), (own, '-1000'), (own, '-1')):
            def write():
                with open(path, 'w') as file:
                    file.write(score)
            if not refused(write):
                found.append([path, score])
        return found
        """,
        {"ok": ([],)},
    ),
}

#: Looks through all of the process's memory for 16 bytes that it is told inverted: so they are in no text of its own.
SEARCH = """
import os

def halves(inverted):
    word = bytes(byte ^ 0xFF for byte in inverted[:8])
    return word, inverted[8:]

def found(inverted):
    head, tail = halves(inverted)
    count = 0
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    for line in open("/proc/self/maps"):
        area, rights = line.split()[:2]
        begin, end = (int(edge, 16) for edge in area.split("-"))
        if "r" not in rights or "[v" in line:
            continue
        for place in range(begin, end, 1 << 20):
            try:
                data = os.pread(memory, min((1 << 20) + 16, end - place), place)
            except OSError:
                continue
            at = data.find(head)
            while at >= 0:
                count += bytes(byte ^ 0xFF for byte in data[at + 8 : at + 16]) == tail
                at = data.find(head, at + 1)
    return count

def handler(session):
    import sys
    frame = sys._getframe()
    while frame.f_code.co_name != "_serve":
        frame = frame.f_back
    own = bytes(byte ^ 0xFF for byte in frame.f_locals["token"])
    return {"nonce of the pool": found(bytes.fromhex(session["inverted"])), "token of its own": found(own)}
"""
