"""Parts of the kernel's file systems that are covered in every sandbox.

Namespaces separate the process list, mounts, network and IPC; much of /proc and /sys is the same for the whole host
nevertheless. What stands here identifies the host, describes its hardware, counts what others do, or can be written in
one sandbox and read in another: the ranges of locks in /proc/locks, the number of terminals. Nothing that was measured
needs it. The C library reads /sys for the number of processors, and does with its own affinity where that is covered.
Where a kernel has no file of a name, the Engine skips it.
"""

_NAMES = {
    "/proc": """
        acpi asound buddyinfo bus cgroups cmdline config.gz consoles cpuinfo crypto devices diskstats dma driver
        execdomains fb fs interrupts iomem ioports irq kallsyms kcore key-users keys kmsg kpagecgroup kpagecount
        kpageflags latency_stats loadavg locks mdstat meminfo misc modules mtrr pagetypeinfo partitions pressure
        sched_debug schedstat scsi slabinfo softirqs stat swaps sys sysrq-trigger sysvipc timer_list timer_stats tty
        vmallocinfo vmstat zoneinfo
    """,
    # All but fs/cgroup: PID 1 reads there how often the kernel killed for memory.
    "/sys": "block bus class dev devices firmware hypervisor kernel module power",
    "/sys/fs": """
        bcache bcachefs bpf btrfs ceph cifs erofs exfat ext4 f2fs fuse gfs2 incremental-fs nfs nilfs2 ocfs2 orangefs
        pstore resctrl selinux smackfs tmpfs ubifs virtiofs xfs zfs
    """,
    # Terminals and message queues: what is made there is counted for the whole host.
    "/dev": "mqueue pts",
}

MASKED_PATHS = tuple(f"{root}/{name}" for root, names in _NAMES.items() for name in names.split())
