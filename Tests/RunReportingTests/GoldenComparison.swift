/// The tables of ``ComparisonTableTests``: two repeats each of a durable system and of one that is not.
enum GoldenComparison {
    static let text = """
        system                runs    delivered  delivered        mta CPU       mta writes    device writes  final reply  final reply  lost/doubled
          mail answered 250                 MMH      msg/s         µs/msg        bytes/msg        bytes/msg      ms, p50      ms, p99      /changed
        --------------------  ----  -----------  ---------  -------------  ---------------  ---------------  -----------  -----------  ------------
        mta-segment-fsync        2         1.17        325          600.0           21,000           12,500          8.0          8.0         0/0/0
          survives power cut        (0.90–1.44)             (600.0–600.0)  (21,000–21,000)  (12,000–13,000)    (8.0–8.0)    (8.0–8.0)
        mta-memory               2         1.62        450          600.0           21,000               46          8.0          8.0         0/0/0
          not durable               (1.44–1.80)             (600.0–600.0)  (21,000–21,000)          (45–47)    (8.0–8.0)    (8.0–8.0)

        spools: Is the table right?
          1,000 messages of 10 KB over 20 connections; median (range)
          the order of the systems alternates between repeats
          survives power cut: fsync, on stable storage before 250
          not durable: none, never on disk; acknowledged mail is lost with the process
          final reply: MAIL written to final reply, at the generator; pipelined, with the wait for the message before
          mta writes: pages that the mta made dirty, as the kernel charges them
          device writes: by whatever wrote to the spool's device, until the mta has stopped; not what the kernel still held
          measured on Test CPU 9000, 2 cores shared by all programs, 24.0 GiB, Linux 6.1.0, loopback, \
        ext4 on /dev/test; commit 0123456789
          4 KiB fdatasync p50 0.200–0.200 ms before the runs

        """

    static let markdown = """
        | system | mail answered 250 | runs | delivered, MMH | delivered, msg/s | mta CPU, µs/msg \
        | mta writes, bytes/msg | device writes, bytes/msg | final reply, ms, p50 | final reply, ms, p99 | lost/doubled/changed |
        | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | mta-segment-fsync | survives power cut | 2 | 1.17 (0.90–1.44) | 325 | 600.0 (600.0–600.0) \
        | 21,000 (21,000–21,000) | 12,500 (12,000–13,000) | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) | 0/0/0 |
        | mta-memory | not durable | 2 | 1.62 (1.44–1.80) | 450 | 600.0 (600.0–600.0) \
        | 21,000 (21,000–21,000) | 46 (45–47) | 8.0 (8.0–8.0) | 8.0 (8.0–8.0) | 0/0/0 |

        spools: Is the table right?

        - 1,000 messages of 10 KB over 20 connections; median (range)
        - the order of the systems alternates between repeats
        - survives power cut: fsync, on stable storage before 250
        - not durable: none, never on disk; acknowledged mail is lost with the process
        - final reply: MAIL written to final reply, at the generator; pipelined, with the wait for the message before
        - mta writes: pages that the mta made dirty, as the kernel charges them
        - device writes: by whatever wrote to the spool's device, until the mta has stopped; not what the kernel still held
        - measured on Test CPU 9000, 2 cores shared by all programs, 24.0 GiB, Linux 6.1.0, loopback, \
        ext4 on /dev/test; commit 0123456789
        - 4 KiB fdatasync p50 0.200–0.200 ms before the runs

        """
}
