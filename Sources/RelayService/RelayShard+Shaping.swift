extension RelayShard {
    var isShaping: Bool { false }
}
