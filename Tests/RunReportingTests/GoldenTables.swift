/// The tables of ``RunFixture/run``; their figures are checked by hand in ``RunFiguresTests``.
enum GoldenTables {
    static let text = """
        warning: runs under 60 s (the shortest took 2.5 s): begin and end, caches and bursts weigh too much
        warning: 10.50 MB were sent, less than twice the memory (25.77 GB): the page cache may hide the disk
        warning: 1 repeat: it takes 6 for a 95 % interval of a median

        figure                   unit       fixture mta-rocksdb-fsync
        -----------------------  ---------  -------------------------
        mail answered 250                          survives power cut
        accepted                 MMH                            1.800
        delivered                MMH                            1.440
        accepted                 msg/s                            500
        delivered                msg/s                            400
        delivered                MB/s                             4.2
        delivered                Gbit/s                         0.034
        transaction p50          ms                              8.00
        transaction p90          ms                              8.00
        transaction p99          ms                              8.00
        transaction p99.9        ms                              8.00
        transaction max          ms                              8.00
        accept to deliver p50    ms                              4.00
        accept to deliver p90    ms                              4.00
        accept to deliver p99    ms                              4.00
        accept to deliver p99.9  ms                              4.00
        accept to deliver max    ms                              4.00
        generator CPU user       µs/msg                         100.0
        generator CPU system     µs/msg                          50.0
        generator CPU total      µs/msg                         150.0
        mta CPU user             µs/msg                         400.0
        mta CPU system           µs/msg                         200.0
        mta CPU total            µs/msg                         600.0
        sink CPU user            µs/msg                          20.0
        sink CPU system          µs/msg                          30.0
        sink CPU total           µs/msg                          50.0
        generator peak memory    MiB                               64
        mta peak memory          MiB                              256
        sink peak memory         MiB                               32
        mta disk writes          bytes/msg                      21000
        messages a commit        msg                             12.5
        commit p50               ms                              0.50
        a CPU second             msg/CPU s                       1667
        CPM compute, c5.2xlarge  USD                       0.00025000
        CPM egress, c5.2xlarge   USD                       0.00094500

        fixture mta-rocksdb-fsync: Is the table right?
          1,000 messages of 10,500 bytes over 20 connections; 1 run
          acknowledged 1,000, lost 0, doubled 0, changed 0 (by the ledgers)
          measured on Test CPU 9000, 2 cores shared by all programs, 24.0 GiB, Linux 6.1.0, loopback
          spool rocksdb, durability fsync (on stable storage before 250); ext4 on /dev/test, 4 KiB fdatasync p50 0.200 ms; commit 0123456789
          what limited it: not clear: 2 cores 16 % busy: system 75 %, generator 19 %, sink 6 % of it; 80 commits of 0.500 ms, 2 % of the time; 2.60 messages under way on 20 connections
          c5.2xlarge: USD 0.36 an hour, USD 0.09 a GB out (a list of 2026-07); CPM if that machine delivered at the rate measured here

        """

    static let markdown = """
        warning: runs under 60 s (the shortest took 2.5 s): begin and end, caches and bursts weigh too much
        warning: 10.50 MB were sent, less than twice the memory (25.77 GB): the page cache may hide the disk
        warning: 1 repeat: it takes 6 for a 95 % interval of a median

        | figure                  | unit      | fixture mta-rocksdb-fsync |
        | ----------------------- | --------- | ------------------------- |
        | mail answered 250       |           |        survives power cut |
        | accepted                | MMH       |                     1.800 |
        | delivered               | MMH       |                     1.440 |
        | accepted                | msg/s     |                       500 |
        | delivered               | msg/s     |                       400 |
        | delivered               | MB/s      |                       4.2 |
        | delivered               | Gbit/s    |                     0.034 |
        | transaction p50         | ms        |                      8.00 |
        | transaction p90         | ms        |                      8.00 |
        | transaction p99         | ms        |                      8.00 |
        | transaction p99.9       | ms        |                      8.00 |
        | transaction max         | ms        |                      8.00 |
        | accept to deliver p50   | ms        |                      4.00 |
        | accept to deliver p90   | ms        |                      4.00 |
        | accept to deliver p99   | ms        |                      4.00 |
        | accept to deliver p99.9 | ms        |                      4.00 |
        | accept to deliver max   | ms        |                      4.00 |
        | generator CPU user      | µs/msg    |                     100.0 |
        | generator CPU system    | µs/msg    |                      50.0 |
        | generator CPU total     | µs/msg    |                     150.0 |
        | mta CPU user            | µs/msg    |                     400.0 |
        | mta CPU system          | µs/msg    |                     200.0 |
        | mta CPU total           | µs/msg    |                     600.0 |
        | sink CPU user           | µs/msg    |                      20.0 |
        | sink CPU system         | µs/msg    |                      30.0 |
        | sink CPU total          | µs/msg    |                      50.0 |
        | generator peak memory   | MiB       |                        64 |
        | mta peak memory         | MiB       |                       256 |
        | sink peak memory        | MiB       |                        32 |
        | mta disk writes         | bytes/msg |                     21000 |
        | messages a commit       | msg       |                      12.5 |
        | commit p50              | ms        |                      0.50 |
        | a CPU second            | msg/CPU s |                      1667 |
        | CPM compute, c5.2xlarge | USD       |                0.00025000 |
        | CPM egress, c5.2xlarge  | USD       |                0.00094500 |

        fixture mta-rocksdb-fsync: Is the table right?
          1,000 messages of 10,500 bytes over 20 connections; 1 run
          acknowledged 1,000, lost 0, doubled 0, changed 0 (by the ledgers)
          measured on Test CPU 9000, 2 cores shared by all programs, 24.0 GiB, Linux 6.1.0, loopback
          spool rocksdb, durability fsync (on stable storage before 250); ext4 on /dev/test, 4 KiB fdatasync p50 0.200 ms; commit 0123456789
          what limited it: not clear: 2 cores 16 % busy: system 75 %, generator 19 %, sink 6 % of it; 80 commits of 0.500 ms, 2 % of the time; 2.60 messages under way on 20 connections
          c5.2xlarge: USD 0.36 an hour, USD 0.09 a GB out (a list of 2026-07); CPM if that machine delivered at the rate measured here

        """

    static let csv = """
        profile,system,runs,valid,key,unit,median,min,max,durability,promise,low,high,confidence,method,withheld,baseline,ratio,ratio_low,ratio_high,p,difference
        fixture,mta-rocksdb-fsync,1,true,accepted_mmh,MMH,1.8,1.8,1.8,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivered_mmh,MMH,1.44,1.44,1.44,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,accepted_msg_per_s,msg/s,500,500,500,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivered_msg_per_s,msg/s,400,400,400,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivered_mb_per_s,MB/s,4.2,4.2,4.2,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivered_gbit_per_s,Gbit/s,0.0336,0.0336,0.0336,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,transaction_latency_ms_p50,ms,8,8,8,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,transaction_latency_ms_p90,ms,8,8,8,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,transaction_latency_ms_p99,ms,8,8,8,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,transaction_latency_ms_p999,ms,8,8,8,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,transaction_latency_ms_max,ms,8,8,8,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivery_latency_ms_p50,ms,4,4,4,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivery_latency_ms_p90,ms,4,4,4,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivery_latency_ms_p99,ms,4,4,4,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivery_latency_ms_p999,ms,4,4,4,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,delivery_latency_ms_max,ms,4,4,4,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,generator_cpu_us_per_message_user,µs/msg,100,100,100,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,generator_cpu_us_per_message_system,µs/msg,50,50,50,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,generator_cpu_us_per_message_total,µs/msg,150,150,150,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_cpu_us_per_message_user,µs/msg,400,400,400,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_cpu_us_per_message_system,µs/msg,200,200,200,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_cpu_us_per_message_total,µs/msg,600,600,600,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,sink_cpu_us_per_message_user,µs/msg,20,20,20,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,sink_cpu_us_per_message_system,µs/msg,30,30,30,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,sink_cpu_us_per_message_total,µs/msg,50,50,50,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,generator_memory_peak_mib,MiB,64,64,64,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_memory_peak_mib,MiB,256,256,256,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,sink_memory_peak_mib,MiB,32,32,32,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_disk_write_bytes_per_message,bytes/msg,21000,21000,21000,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_messages_per_commit,msg,12.5,12.5,12.5,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,mta_commit_latency_ms_p50,ms,0.5,0.5,0.5,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,system_messages_per_cpu_s,msg/CPU s,1666.666666667,1666.666666667,1666.666666667,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,cpm_compute_usd_c5_2xlarge,USD,0.00025,0.00025,0.00025,fsync,survives power cut,,,,,,,,,,,
        fixture,mta-rocksdb-fsync,1,true,cpm_egress_usd_c5_2xlarge,USD,0.000945,0.000945,0.000945,fsync,survives power cut,,,,,,,,,,,

        """
}
