import DeliveryQueue

/// The automatic rules at work: replies in, events out. A value without a clock: the same signals at the same times make
/// the same events. All that it remembers is bounded by ``ShapingBounds``.
package struct ShapingAutomaton: Sendable {
    package private(set) var plan: ShapingPlan
    private let bounds: ShapingBounds
    private(set) var windows: SlidingWindows
    private var automations: [UInt64: ActiveAutomation] = [:]
    private var byScope: [ShapingScope: [UInt64]] = [:]
    private var byTrigger: [TriggerKey: UInt64] = [:]
    private(set) var nextID: UInt64 = 1
    /// Nothing ends or begins its way back before then.
    private var nextChange = UInt64.max
    /// What has to survive a restart is not what it was when this was last set to false.
    package var hasChanged = false
    /// Grows whenever what holds for some path has changed.
    package private(set) var changes: UInt64 = 0
    /// How often each rule was triggered, since the program began.
    package private(set) var triggers: [String: UInt64] = [:]

    package init(_ plan: ShapingPlan, bounds: ShapingBounds = ShapingBounds()) {
        self.plan = plan
        self.bounds = bounds
        windows = SlidingWindows(bounds)
    }

    package var isIdle: Bool { automations.isEmpty }
    package var count: Int { automations.count }

    /// In the order in which they began.
    package var active: [ActiveAutomation] { automations.values.sorted { $0.id < $1.id } }

    private mutating func noteChange() {
        hasChanged = true
        changes += 1
    }

    // MARK: Signals

    /// A failure on a path.
    package mutating func observe(_ signal: ShapingSignal, on path: ShapedPath, now: UInt64) -> [ShapingEvent] {
        guard !path.rules.isEmpty else { return [] }
        var events = expire(now: now)
        let text = if case .reply(let reply) = signal { ReplyText(reply) } else { ReplyText("") }
        for id in path.rules {
            guard let rule = plan.rule(id), rule.matches(signal, text) else { continue }
            let key = TriggerKey(rule: id, scope: ShapingScope(rule.scope, of: path.name))
            guard windows.count(key, rule.count, now: now) else { continue }
            events += trigger(rule, key, signal.text, now)
        }
        return events
    }

    private mutating func trigger(
        _ rule: ShapingRule, _ key: TriggerKey, _ cause: String, _ now: UInt64
    ) -> [ShapingEvent] {
        triggers[rule.id, default: 0] += 1
        guard rule.milliseconds > 0 else {
            return [
                ShapingEvent(
                    kind: .triggered, id: 0, rule: rule.id, action: rule.deed.text, scope: key.scope,
                    milliseconds: now, until: nil, triggers: 1, cause: cause)
            ]
        }
        noteChange()
        if let id = byTrigger[key] { return extend(id, rule, cause, now) }
        var events: [ShapingEvent] = []
        if automations.count >= bounds.active { events += evictOne(now) }
        let active = ActiveAutomation(
            id: nextID, rule: rule.id, scope: key.scope, since: now, until: now + rule.milliseconds,
            end: now + rule.milliseconds + rule.recoveryMilliseconds, triggers: 1, triggered: now, told: now,
            isRecovering: false, cause: cause)
        nextID += 1
        insert(active)
        return events + [event(.triggered, active, now)]
    }

    /// The time begins anew. Of many triggers the log is told now and then.
    private mutating func extend(
        _ id: UInt64, _ rule: ShapingRule, _ cause: String, _ now: UInt64
    ) -> [ShapingEvent] {
        var active = automations[id]!
        active.until = max(active.until, now + rule.milliseconds)
        active.end = active.until + rule.recoveryMilliseconds
        active.triggers += 1
        active.triggered = now
        active.cause = cause
        let isNews = active.isRecovering || now >= active.told + max(1_000, rule.milliseconds / 10)
        active.isRecovering = false
        if isNews { active.told = now }
        automations[id] = active
        nextChange = min(nextChange, active.until)
        return isNews ? [event(.extended, active, now)] : []
    }

    private mutating func insert(_ active: ActiveAutomation) {
        automations[active.id] = active
        byScope[active.scope, default: []].append(active.id)
        byTrigger[active.key] = active.id
        nextChange = min(nextChange, active.isRecovering ? active.end : active.until)
    }

    private mutating func remove(_ id: UInt64) -> ActiveAutomation? {
        guard let active = automations.removeValue(forKey: id) else { return nil }
        byScope[active.scope]?.removeAll { $0 == id }
        if byScope[active.scope]?.isEmpty ?? false { byScope[active.scope] = nil }
        byTrigger[active.key] = nil
        noteChange()
        return active
    }

    private mutating func evictOne(_ now: UInt64) -> [ShapingEvent] {
        let oldest = automations.values.min { ($0.triggered, $0.id) < ($1.triggered, $1.id) }
        return oldest.flatMap { remove($0.id) }.map { [event(.evicted, $0, now)] } ?? []
    }

    private func event(_ kind: ShapingEvent.Kind, _ active: ActiveAutomation, _ now: UInt64) -> ShapingEvent {
        ShapingEvent(
            kind: kind, id: active.id, rule: active.rule, action: plan.rule(active.rule)?.deed.text ?? "nothing",
            scope: active.scope, milliseconds: now, until: kind == .recovering ? active.end : active.until,
            triggers: active.triggers, cause: active.cause)
    }

    // MARK: The end

    /// What is over ends, what has a way back begins it. Costs nothing while nothing does.
    package mutating func expire(now: UInt64) -> [ShapingEvent] {
        guard now >= nextChange else { return [] }
        var events: [ShapingEvent] = []
        for active in active where now >= active.until {
            if now >= active.end {
                _ = remove(active.id)
                events.append(event(.ended, active, now))
            } else if !active.isRecovering {
                automations[active.id]!.isRecovering = true
                noteChange()
                events.append(event(.recovering, active, now))
            }
        }
        nextChange = automations.values.map { $0.isRecovering ? $0.end : $0.until }.min() ?? .max
        return events
    }

    /// An operator ends it, way back and all.
    package mutating func cancel(_ id: UInt64, now: UInt64) -> ShapingEvent? {
        remove(id).map { event(.cancelled, $0, now) }
    }

    /// Other files from now on: what their rules do not have ends, what they changed does what they say now, as long as
    /// it was to last.
    package mutating func adopt(_ fresh: ShapingPlan, now: UInt64) -> [ShapingEvent] {
        var events: [ShapingEvent] = []
        for active in active where (fresh.rule(active.rule)?.deed ?? .nothing) == .nothing {
            _ = remove(active.id)
            events.append(event(.withdrawn, active, now))
        }
        plan = fresh
        triggers = triggers.filter { fresh.rule($0.key) != nil }
        windows.forget { fresh.rule($0.rule) == nil }
        return events
    }

    /// - Note: at most as many as there is room for, the youngest.
    mutating func take(_ state: ShapingState) {
        nextID = max(nextID, state.nextID)
        for active in state.active.suffix(bounds.active) where automations[active.id] == nil {
            nextID = max(nextID, active.id + 1)
            if byTrigger[active.key] == nil { insert(active) }
        }
        windows.restore(state.windows)
    }

    // MARK: What holds

    /// What is different for this path now.
    package func overlay(for path: ShapedPath, now: UInt64) -> ShapingOverlay {
        var overlay = ShapingOverlay()
        guard !automations.isEmpty else { return overlay }
        for scope in ShapingScope.all(of: path.name) {
            for id in byScope[scope] ?? [] {
                guard let active = automations[id], now < active.end, let rule = plan.rule(active.rule) else {
                    continue
                }
                overlay.add(rule, active, usual: path.limits, now)
            }
        }
        return overlay
    }
}

extension ShapingOverlay {
    fileprivate mutating func add(
        _ rule: ShapingRule, _ active: ActiveAutomation, usual: EgressLimits, _ now: UInt64
    ) {
        let recovered = active.recovered(now)
        switch rule.deed {
        case .suspend where now < active.until: suspend(rule, active.until)
        case .suspend: limits = limits.tightened(by: .part(recovered, of: usual))
        case .limit(let changes):
            limits = limits.tightened(by: changes.applied(to: usual, recovered: recovered))
        case .bounce(let reply) where now < active.until:
            bounce = bounce ?? reply
            suspend(rule, active.until)
        case .bounce, .notify, .nothing: break
        }
    }

    private mutating func suspend(_ rule: ShapingRule, _ until: UInt64) {
        guard until > suspendedUntil ?? 0 else { return }
        (suspendedUntil, suspendedBy) = (until, rule.id)
    }
}

extension EgressLimits {
    /// What a path that was suspended begins with: a part of its connections and rates.
    fileprivate static func part(_ part: Double, of usual: EgressLimits) -> EgressLimits {
        var limits = EgressLimits()
        limits.connections = max(1, Int(Double(usual.connections ?? ActiveAutomation.steps + 1) * part))
        limits.connectionRate = usual.connectionRate.map { $0.slowed(to: part) }
        limits.messageRate = usual.messageRate.map { $0.slowed(to: part) }
        return limits
    }
}

extension DeliveryRate {
    func slowed(to part: Double) -> DeliveryRate {
        DeliveryRate(messages: messages * part, milliseconds: milliseconds, burst: 1)
    }
}
