/// Words of the trade that stand on the page, for who does not use them daily.
enum Glossary {
    private static let words = [
        ("MMH", "Million messages an hour. 1 MMH is 277.8 messages a second, or 24 million a day."),
        (
            "Accepted, delivered",
            "Accepted: the system answered 250 to the sender. Delivered: the receiver has the message. Both are "
                + "counted from the first message offered."
        ),
        ("250", "The reply by which a mail server takes over a message; from then on a loss is its fault."),
        (
            "fsync",
            "The call by which a program has the operating system write data to stable storage, and waits for it. "
                + "What was not synced is gone when the power fails."
        ),
        (
            "p50, p99, p99.9",
            "Percentiles: half of all messages took at most p50; one in a hundred took longer than p99, one in a "
                + "thousand longer than p99.9."
        ),
        ("Final reply", "The 250 to a message’s content: what a sending program waits for."),
        ("End to end", "From when a message was due to be sent to when its last octet was at the receiver."),
        (
            "Open and closed load",
            "Closed: a sender begins its next message when the last one is over, so a slow system is asked less. "
                + "Open: messages are due at times that do not depend on the system, as in the world."
        ),
        (
            "µs/msg",
            "Microseconds of CPU time a message: 100 µs/msg means that one core can do at most 10,000 messages a "
                + "second."
        ),
        ("CPM", "Cost per mille: what a thousand delivered messages cost, in US dollars."),
        (
            "Median, interval",
            "The median is the run in the middle. The interval says between which values the true median lies, and "
                + "how sure that is."
        ),
        ("×1.8 (1.6–2.1)", "1.8 times as much; the true ratio is between 1.6 and 2.1 with 95 % confidence."),
        (
            "p (of a test)",
            "How often a difference as large as this would come about by chance if there were none. Small is "
                + "convincing."
        ),
        (
            "Withheld",
            "A rate that is not told, since messages were lost or the run did not balance: speed that loses mail is "
                + "none."
        ),
        ("Generator, sink", "The programs that send the messages, and that receive them in the place of the world."),
        ("Spool", "Where a mail server keeps the messages that it has taken and not delivered yet."),
    ]

    static var markup: Markup {
        element(
            "dl", ["class": "glossary"],
            words.map { word, meaning in
                element("div", [:], element("dt", [:], "\(word)"), element("dd", [:], "\(meaning)"))
            })
    }
}
