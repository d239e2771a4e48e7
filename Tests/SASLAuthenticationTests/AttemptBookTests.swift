import SASLAuthentication
import Testing

/// What failures cost, and whom.
@Suite struct AttemptBookTests {
    private let joe = Claimant(address: "192.0.2.1", name: "joe")

    private func address(_ number: Int, _ name: String = "joe") -> Claimant {
        Claimant(address: "198.51.100.\(number)", name: name)
    }

    @Test func aNameFromAnAddressGetsSlow() {
        var book = AttemptBook()
        for _ in 0...FailureBook.free { book.failed(joe, now: 0) }
        #expect(!book.mayTry(joe, now: 0))
        // The same name from elsewhere is not concerned; the address is, whatever its name.
        #expect(book.mayTry(address(1), now: 0))
        #expect(!book.mayTry(Claimant(address: joe.address, name: "ann"), now: 0))
        #expect(!book.mayTry(Claimant(address: joe.address, name: ""), now: 0))
        #expect(book.mayTry(joe, now: FailureBook.firstDelay))
    }

    /// Many addresses guess for one name: it gets slow, too, but not for long and not where its owner is known.
    @Test func strangersDoNotLockTheOwnerOut() {
        var book = AttemptBook()
        book.succeeded(joe, now: 0)
        for number in 0..<200 { book.failed(address(number), now: 0) }
        #expect(!book.mayTry(address(250), now: 0) && book.mayTry(address(250, "ann"), now: 0))
        #expect(book.mayTry(joe, now: 0))
        #expect(!book.mayTry(address(250), now: AttemptBook.longestDelayByName - 1))
        #expect(book.mayTry(address(250), now: AttemptBook.longestDelayByName))
        // The owner was right: strangers have no new attempts by that.
        book.succeeded(joe, now: 1)
        #expect(!book.mayTry(address(250), now: 1))
        // Known for a while, not for ever.
        let later = AttemptBook.acquaintance + 1
        for number in 0..<200 { book.failed(address(number), now: later) }
        #expect(!book.mayTry(joe, now: later))
    }

    /// One client with an old password beside others of the same name and address.
    @Test func whatIsRememberedAsRightPassesForAWhile() {
        var book = AttemptBook()
        #expect(!book.mayRecall(joe, now: 0))
        book.succeeded(joe, now: 0)
        for _ in 1..<AttemptBook.patience { book.failed(joe, now: 0) }
        #expect(!book.mayTry(joe, now: 0) && book.mayRecall(joe, now: 0))
        #expect(!book.mayRecall(address(1), now: 0))
        book.failed(joe, now: 0)
        #expect(!book.mayRecall(joe, now: 0))
        book.succeeded(joe, now: 0)
        #expect(book.mayTry(joe, now: 0) && book.mayRecall(joe, now: 0))
    }

    /// Clients whose address is unknown are many: one's failures are not all others'.
    @Test func theUnknownAddressIsNobody() {
        var book = AttemptBook()
        for _ in 0..<100 { book.failed(Claimant(address: "", name: "joe"), now: 0) }
        #expect(!book.mayTry(Claimant(address: "", name: "joe"), now: 0))
        #expect(book.mayTry(Claimant(address: "", name: "ann"), now: 0))
        book.succeeded(Claimant(address: "", name: "joe"), now: 0)
        #expect(!book.mayRecall(Claimant(address: "", name: "joe"), now: 0))
    }
}
