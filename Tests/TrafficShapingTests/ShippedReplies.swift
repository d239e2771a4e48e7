/// What the rules of the shipped file are for, in our words: replies as these providers give them, and others of the same
/// provider that say something else. The path is that of one of the provider's exchangers.
enum ShippedReplies {
    struct Sample {
        var rule: String
        var typical: [String]
        var innocent: [String]
    }

    static let usual: [Sample] = [
        Sample(
            rule: "default/too-many-connections",
            typical: [
                "421 4.7.0 Too many concurrent SMTP connections from this host",
                "421 4.3.2 Connection rate exceeded, come back later",
                "450 4.7.1 number of concurrent sessions is used up",
                "421 maximum number of connections from your network",
            ],
            innocent: ["421 4.4.2 Connection timed out", "550 5.7.1 too many connections of yours, for good"]),
        Sample(
            rule: "default/too-much-mail",
            typical: [
                "450 4.7.1 Too many messages from your address", "451 4.7.0 Message rate exceeds what is allowed",
                "421 4.7.0 Rate limited", "451 You are sending too fast", "452 4.3.1 throttled for now",
            ],
            innocent: [
                "452 4.2.2 The mailbox gets too many messages, user is over quota", "450 4.2.0 Greylisted, try again",
            ]),
        Sample(
            rule: "default/listed",
            typical: [
                "554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org",
                "550 5.7.1 192.0.2.1 is listed at our.dnsbl, see there", "550 your RBL entry says listed",
            ],
            innocent: ["550 5.1.1 The address is not listed here", "451 4.7.1 zen.spamhaus.org does not answer"]),
    ]

    static let google: [Sample] = [
        Sample(
            rule: "provider:google/rate",
            typical: [
                "421 4.7.28 We see an unusual rate of unsolicited mail from your network",
                "450 4.7.28 the rate of your domain",
            ],
            innocent: ["450 4.2.1 The user gets mail at a rate that prevents more", "421 4.7.280 something else"]),
        Sample(
            rule: "provider:google/reputation",
            typical: ["421 4.7.0 This mail is suspicious because of the very low reputation of the sending address"],
            innocent: ["421 4.3.0 Temporary system problem, try again later", "421 4.4.5 Server busy, try again later"]),
        Sample(
            rule: "provider:google/blocked",
            typical: [
                "550 5.7.1 This message is likely unsolicited mail. To keep it away it has been blocked",
                "550 5.7.28 mail from your address is blocked for its rate",
            ],
            innocent: [
                "550 5.1.1 The account that you tried to reach does not exist",
                "550 5.7.26 neither SPF nor DKIM passed",
            ]),
        Sample(
            rule: "provider:google/unauthenticated",
            typical: ["550 5.7.26 Unauthenticated mail: neither SPF nor DKIM passed", "421 4.7.27 no SPF record"],
            innocent: ["550 5.7.1 blocked", "421 4.7.28 rate"]),
    ]

    static let microsoft: [Sample] = [
        Sample(
            rule: "provider:microsoft/blocked",
            typical: [
                "550 5.7.1 Messages from [192.0.2.1] were not sent: part of their network is on our block list (S3150)",
                "550 5.7.1 Messages from [192.0.2.1] were not sent (S3140)", "554 5.7.1 Banned sending IP",
            ],
            innocent: ["550 5.5.0 mailbox unavailable (S2017062302)", "550 5.7.1 no such thing as S31409"]),
        Sample(
            rule: "provider:microsoft/reputation",
            typical: [
                "421 RP-001 The server's rate limit for your IP has been exceeded", "421 4.7.0 (RP-002) see there",
            ],
            innocent: ["421 RP-003 too many connections", "421 RP-0012"]),
        Sample(
            rule: "provider:microsoft/connections",
            typical: ["421 RP-003 The number of connections that your IP may open has been exceeded"],
            innocent: ["421 RP-001 rate limit", "550 RP-003"]),
        Sample(
            rule: "provider:microsoft/policy",
            typical: [
                "550 SC-001 Mail rejected for policy reasons", "550 5.7.0 DY-001 dynamic address", "550 OC-001 no",
            ],
            innocent: ["550 5.1.1 unknown recipient", "421 SC-001"]),
        Sample(
            rule: "provider:microsoft365/reputation",
            typical: [
                "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited", "451 4.7.500 Server busy",
            ],
            innocent: ["451 4.7.0 Temporary server error", "451 4.4.4 Mail received as unauthenticated"]),
        Sample(
            rule: "provider:microsoft365/throttled",
            typical: ["421 4.3.2 The maximum number of concurrent server connections has exceeded a limit"],
            innocent: ["450 4.3.2 Try again later", "452 4.2.2 mailbox full"]),
        Sample(
            rule: "provider:microsoft365/blocked",
            typical: ["550 5.7.606 Access denied, banned sending IP", "550 5.7.511 Access denied, banned sender"],
            innocent: ["550 5.7.64 Relay access denied", "550 5.1.10 Recipient not found"]),
        Sample(
            rule: "provider:microsoft365/spam-bulk",
            typical: ["550 5.7.350 The remote server called the message spam"],
            innocent: ["550 5.7.1 Service unavailable"]),
    ]

    static let yahoo: [Sample] = [
        Sample(
            rule: "provider:yahoo/tss04",
            typical: [
                "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints"
            ],
            innocent: ["421 4.3.0 [TS99] later", "451 4.3.2 internal error"]),
        Sample(
            rule: "provider:yahoo/rate",
            typical: [
                "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred", "421 [TSS09] deferred",
            ],
            innocent: ["421 4.7.0 [TSS04] deferred", "421 4.4.2 timeout"]),
        Sample(
            rule: "provider:yahoo/resources",
            typical: ["451 4.3.2 Resources temporarily unavailable. Please try again later"],
            innocent: ["451 4.3.0 Mail server temporarily rejected message"]),
        Sample(
            rule: "provider:yahoo/blocked",
            typical: [
                "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1",
                "554 5.7.9 Message not accepted for policy reasons",
            ],
            innocent: [
                "554 5.0.0 delivery error: no such account", "552 1 Requested mail action aborted, mailbox not found",
            ]),
    ]

    static let americas: [Sample] = [
        Sample(
            rule: "provider:apple/policy",
            typical: ["450 4.7.1 [CS40] try again", "421 4.7.1 Message deferred by local policy"],
            innocent: ["452 4.2.2 user is over quota", "450 4.2.0 later"]),
        Sample(
            rule: "provider:apple/blocked",
            typical: ["554 5.7.1 [HM08] Message rejected due to local policy", "550 5.7.0 Blocked due to reputation"],
            innocent: ["550 5.1.1 unknown or illegal alias"]),
        Sample(
            rule: "provider:comcast/rate",
            typical: [
                "421 4.1.0 RL000001 192.0.2.1 Throttled - too many messages", "452 RL000003 too many recipients",
            ],
            innocent: ["450 4.1.0 RLX", "550 RL000001"]),
        Sample(
            rule: "provider:comcast/blocked",
            typical: ["554 BL000000 192.0.2.1 blocked: see the postmaster page"],
            innocent: ["550 5.1.1 Not our customer"]),
        Sample(
            rule: "provider:spectrum/rate",
            typical: ["421 192.0.2.1 AUP#I-1310", "421 4.7.0 AUP#1310 too many", "450 E1310 rate"],
            innocent: ["421 timeout", "450 E2310"]),
        Sample(
            rule: "provider:spectrum/blocked",
            typical: ["554 192.0.2.1 AUP#BL", "550 5.7.1 AUP#Spf", "554 AUP#I-1000"],
            innocent: ["550 5.1.0 AUP is a word", "550 5.1.1 unknown"]),
        Sample(
            rule: "provider:cox/limit",
            typical: ["421 CXCNCT: too many sessions from 192.0.2.1", "452 CXMXRT: too many recipients"],
            innocent: ["421 4.4.2 timeout"]),
        Sample(
            rule: "provider:cox/blocked",
            typical: ["554 CXBL: the address is blocked", "554 CXSNBL: sender rejected", "550 CXDNS no name"],
            innocent: ["550 5.1.1 no such user"]),
        Sample(
            rule: "provider:att/blocked",
            typical: [
                "553 5.3.0 flph825 DNSBL:RBL 521< 192.0.2.1 >_is_blocked",
                "550 5.7.1 blocked by our list at rbl.att.net",
            ],
            innocent: ["550 5.1.1 unknown user", "553 5.3.0 something"]),
    ]

    static let europe: [Sample] = [
        Sample(
            rule: "provider:gmx/rate",
            typical: [
                "421 4.7.0 Mail temporarily rejected: too many of them",
                "450 Requested action: IP address is temporarily put off",
            ],
            innocent: ["450 4.2.2 mailbox busy"]),
        Sample(
            rule: "provider:gmx/blocked",
            typical: [
                "554 Transaction failed. Reject due to policy restrictions", "554 Bad DNS PTR resource record",
                "550 The IP address is block listed",
            ],
            innocent: ["550 Requested action not taken: mailbox unavailable"]),
        Sample(
            rule: "provider:t-online/blocked",
            typical: [
                "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help or contact tobr@rx.t-online.de"
            ],
            innocent: ["550 5.1.1 user unknown"]),
        Sample(
            rule: "provider:t-online/rate",
            typical: ["421 Too many connections from 192.0.2.1", "450 4.7.1 Message rejected temporarily"],
            innocent: ["452 4.2.2 mailbox full"]),
        Sample(
            rule: "provider:orange/connections",
            typical: ["421 smtp.orange.fr ME Too many connections, slow down. OFR004_104 [104]", "421 4.2.0 OFR_104"],
            innocent: ["550 5.1.1 OFR_416 unknown address", "421 timeout"]),
        Sample(
            rule: "provider:orange/slow-down",
            typical: ["421 4.0.0 Mail is put off, slow down", "550 5.2.0 OFR005_506 mail refused"],
            innocent: ["421 Too many connections, slow down. OFR004_104", "452 4.2.2 full"]),
        Sample(
            rule: "provider:orange/blocked",
            typical: [
                "550 5.7.1 Service refusé, please try later. LPN OFR_501", "554 5.7.1 OFR007_103 client refused",
            ],
            innocent: ["550 5.1.1 adresse inconnue OFR_416"]),
        Sample(
            rule: "provider:free/rate",
            typical: ["421 Too many spam from your IP (192.0.2.1)", "451 too many errors from your ip"],
            innocent: ["450 4.2.0 later"]),
        Sample(
            rule: "provider:laposte/rate",
            typical: ["421 4.3.0 service refused, try later LPN105_101", "450 too many connections"],
            innocent: ["450 4.2.2 boîte pleine"]),
        Sample(
            rule: "provider:laposte/blocked",
            typical: ["550 5.5.0 service refused LPN007_510"], innocent: ["550 5.1.1 LPN105_409 unknown"]),
        Sample(
            rule: "provider:ovh/rate",
            typical: ["421 Too many connections", "451 4.7.1 Your IP 192.0.2.1 is slowed down"],
            innocent: ["450 4.2.2 mailbox full"]),
        Sample(
            rule: "provider:ovh/blocked",
            typical: ["550 5.7.1 Spam detected by OVH", "554 5.7.1 your IP 192.0.2.1 is blocked"],
            innocent: ["550 5.1.1 unknown recipient"]),
        Sample(
            rule: "provider:mail.ru/rate",
            typical: ["421 Ratelimit exceeded for mail from you", "451 Try again later, see postmaster.mail.ru"],
            innocent: ["450 4.2.0 greylisted"]),
        Sample(
            rule: "provider:mail.ru/blocked",
            typical: ["550 spam message rejected, see there", "550 Access from IP address 192.0.2.1 is blocked"],
            innocent: ["550 Message was not accepted, invalid mailbox"]),
        Sample(
            rule: "provider:yandex/rate",
            typical: ["421 4.7.0 Too many messages, try later", "451 4.7.1 Sorry, the rate is over the limit"],
            innocent: ["451 4.3.0 try again", "450 4.7.25 no reverse name"]),
        Sample(
            rule: "provider:yandex/blocked",
            typical: ["554 5.7.1 Message rejected under suspicion of SPAM"], innocent: ["550 5.7.1 No such user!"]),
    ]

    static let others: [Sample] = [
        Sample(
            rule: "provider:naver/rate",
            typical: ["421 4.3.2 Your address is over the connection limit", "451 too many mails"],
            innocent: ["450 4.2.2 full"]),
        Sample(
            rule: "provider:qq/rate",
            typical: ["550 Connection frequency limited", "421 IP frequency limited"],
            innocent: ["550 Mailbox not found"]),
        Sample(
            rule: "provider:proofpoint/reputation",
            typical: [
                "554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", "550 5.7.0 Blocked by Proofpoint",
            ],
            innocent: ["550 5.1.1 User unknown", "451 4.3.0 later"]),
        Sample(
            rule: "provider:mimecast/greylisted-or-limited",
            typical: ["451 Too many connections from your address", "421 Maximum concurrent connections"],
            innocent: ["451 Internal resource temporarily unavailable"]),
        Sample(
            rule: "provider:barracuda/rate",
            typical: ["450 4.7.1 Rate control: your address sends more than it may", "421 too many connections"],
            innocent: ["450 4.2.0 greylisted"]),
    ]

    static let all = usual + google + microsoft + yahoo + americas + europe + others
}
