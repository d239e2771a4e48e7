import PolicyRules

/// Plug-ins of this build, asked behind the rules, in this order. Empty as it is shipped; docs/POLICY.md has an example.
let plugIns: [any MessagePolicy] = []
