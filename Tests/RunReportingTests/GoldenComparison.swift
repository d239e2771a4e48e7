/// The tables of ``ComparisonTableTests``: two repeats each of a durable system and of one that is not.
enum GoldenComparison {
    static let text = """
        warning: runs under 60 s (the shortest took 2.0 s): begin and end, caches and bursts weigh too much
        warning: 10.50 MB were sent, less than twice the memory (25.77 GB): the page cache may hide the disk (mta-segment-fsync)
        warning: 2 repeats: it takes 6 for a 95 % interval of a median, 4 repeats of each to show a difference

        system                runs     accepted    delivered  delivered  delivered  delivered  lost/doubled  failed
          mail answered 250                 MMH          MMH      msg/s       MB/s     Gbit/s      /changed     msg
        --------------------  ----  -----------  -----------  ---------  ---------  ---------  ------------  ------
        mta-segment-fsync        2         1.80         1.17        325        3.4      0.027         0/0/0       0
          survives power cut        (1.80–1.80)  (0.90–1.44)
        mta-memory               2         1.80         1.62        450        4.7      0.038         0/0/0       0
          not durable               (1.80–1.80)  (1.44–1.80)

        system             reply p50  reply p90  reply p99  reply p99.9
                                  ms         ms         ms           ms
        -----------------  ---------  ---------  ---------  -----------
        mta-segment-fsync        8.0        8.0        8.0          8.0
                           (8.0–8.0)  (8.0–8.0)  (8.0–8.0)    (8.0–8.0)
        mta-memory               8.0        8.0        8.0          8.0
                           (8.0–8.0)  (8.0–8.0)  (8.0–8.0)    (8.0–8.0)

        system             mta's own p50  mta's own p90  mta's own p99  mta's own p99.9
                                      ms             ms             ms               ms
        -----------------  -------------  -------------  -------------  ---------------
        mta-segment-fsync            4.0            4.0            4.0              4.0
                               (4.0–4.0)      (4.0–4.0)      (4.0–4.0)        (4.0–4.0)
        mta-memory                   4.0            4.0            4.0              4.0
                               (4.0–4.0)      (4.0–4.0)      (4.0–4.0)        (4.0–4.0)

        system                   mta CPU  per CPU second       mta writes    device writes  peak memory
                                  µs/msg       msg/CPU s        bytes/msg        bytes/msg          MiB
        -----------------  -------------  --------------  ---------------  ---------------  -----------
        mta-segment-fsync          600.0           1,667           21,000           12,500          256
                           (600.0–600.0)   (1,667–1,667)  (21,000–21,000)  (12,000–13,000)    (256–256)
        mta-memory                 600.0           1,667           21,000               46          256
                           (600.0–600.0)   (1,667–1,667)  (21,000–21,000)          (45–47)    (256–256)

        against mta-segment-fsync:
          mta-memory: no difference can be shown with 2 repeats: use at least 4; ranges only: delivered ×1.38 (1.00–2.00), reply p99 ×1.00 (1.00–1.00), mta CPU ×1.00 (1.00–1.00), device writes ×0.004 (0.003–0.004)

        what limited it:
          mta-segment-fsync: not clear: 2 cores 16 % busy: system 75 %, generator 19 %, sink 6 % of it; 80 commits of 0.500 ms, 2 % of the time; 2.60 messages under way on 20 connections; 5 MB/s written to the device
          mta-memory: not clear: 2 cores 20 % busy: system 75 %, generator 19 %, sink 6 % of it; 2.60 messages under way on 20 connections; 0 MB/s written to the device

        spools: Is the table right?
          1,000 messages of 10 KB over 20 connections
          median (range; of so few runs it holds the true median with 50 % only)
          ×: ratio of the medians (95 % interval); p: Mann–Whitney, two-sided; a difference is shown where p is at most 0.05 and the interval does not hold 1; repeats in pairs
          mta-segment-fsync: fsync, by its configuration; syncs were not counted
          mta-memory: none, by its configuration; syncs were not counted
          the order of the systems alternates between repeats
          survives power cut: fsync, on stable storage before 250
          not durable: none, never on disk; acknowledged mail is lost with the process
          reply: MAIL written to final reply, at the generator; pipelined, with the wait for the message before
          mta's own: its 250 to the next hop's 250, by its own account
          mta writes: pages that the mta made dirty, as the kernel charges them
          device writes: by whatever wrote to the spool's device, until the last delivery; not what the kernel still held
          measured on Test CPU 9000, 2 cores shared by all programs, 24.0 GiB, Linux 6.1.0, loopback, ext4 on /dev/test; commit 0123456789
          4 KiB fdatasync p50 0.200–0.200 ms before the runs

        """

    static let markdown = """
        warning: runs under 60 s (the shortest took 2.0 s): begin and end, caches and bursts weigh too much
        warning: 10.50 MB were sent, less than twice the memory (25.77 GB): the page cache may hide the disk (mta-segment-fsync)
        warning: 2 repeats: it takes 6 for a 95 % interval of a median, 4 repeats of each to show a difference

        | system, mail answered 250 | runs | accepted, MMH | delivered, MMH | delivered, msg/s | delivered, MB/s | delivered, Gbit/s | lost/doubled/changed | failed, msg |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | mta-segment-fsync, survives power cut | 2 | 1.80 (1.80–1.80) | 1.17 (0.90–1.44) | 325 | 3.4 | 0.027 | 0/0/0 | 0 |
        | mta-memory, not durable | 2 | 1.80 (1.80–1.80) | 1.62 (1.44–1.80) | 450 | 4.7 | 0.038 | 0/0/0 | 0 |

        | system | reply p50, ms | reply p90, ms | reply p99, ms | reply p99.9, ms |
        | --- | ---: | ---: | ---: | ---: |
        | mta-segment-fsync | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) |
        | mta-memory | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) |

        | system | mta's own p50, ms | mta's own p90, ms | mta's own p99, ms | mta's own p99.9, ms |
        | --- | ---: | ---: | ---: | ---: |
        | mta-segment-fsync | 4.0 (4.0–4.0) | 4.0 (4.0–4.0) | 4.0 (4.0–4.0) | 4.0 (4.0–4.0) |
        | mta-memory | 4.0 (4.0–4.0) | 4.0 (4.0–4.0) | 4.0 (4.0–4.0) | 4.0 (4.0–4.0) |

        | system | mta CPU, µs/msg | per CPU second, msg/CPU s | mta writes, bytes/msg | device writes, bytes/msg | peak memory, MiB |
        | --- | ---: | ---: | ---: | ---: | ---: |
        | mta-segment-fsync | 600.0 (600.0–600.0) | 1,667 (1,667–1,667) | 21,000 (21,000–21,000) | 12,500 (12,000–13,000) | 256 (256–256) |
        | mta-memory | 600.0 (600.0–600.0) | 1,667 (1,667–1,667) | 21,000 (21,000–21,000) | 46 (45–47) | 256 (256–256) |

        against mta-segment-fsync:

        - mta-memory: no difference can be shown with 2 repeats: use at least 4; ranges only: delivered ×1.38 (1.00–2.00), reply p99 ×1.00 (1.00–1.00), mta CPU ×1.00 (1.00–1.00), device writes ×0.004 (0.003–0.004)

        what limited it:

        - mta-segment-fsync: not clear: 2 cores 16 % busy: system 75 %, generator 19 %, sink 6 % of it; 80 commits of 0.500 ms, 2 % of the time; 2.60 messages under way on 20 connections; 5 MB/s written to the device
        - mta-memory: not clear: 2 cores 20 % busy: system 75 %, generator 19 %, sink 6 % of it; 2.60 messages under way on 20 connections; 0 MB/s written to the device

        spools: Is the table right?

        - 1,000 messages of 10 KB over 20 connections
        - median (range; of so few runs it holds the true median with 50 % only)
        - ×: ratio of the medians (95 % interval); p: Mann–Whitney, two-sided; a difference is shown where p is at most 0.05 and the interval does not hold 1; repeats in pairs
        - mta-segment-fsync: fsync, by its configuration; syncs were not counted
        - mta-memory: none, by its configuration; syncs were not counted
        - the order of the systems alternates between repeats
        - survives power cut: fsync, on stable storage before 250
        - not durable: none, never on disk; acknowledged mail is lost with the process
        - reply: MAIL written to final reply, at the generator; pipelined, with the wait for the message before
        - mta's own: its 250 to the next hop's 250, by its own account
        - mta writes: pages that the mta made dirty, as the kernel charges them
        - device writes: by whatever wrote to the spool's device, until the last delivery; not what the kernel still held
        - measured on Test CPU 9000, 2 cores shared by all programs, 24.0 GiB, Linux 6.1.0, loopback, ext4 on /dev/test; commit 0123456789
        - 4 KiB fdatasync p50 0.200–0.200 ms before the runs

        """
}
