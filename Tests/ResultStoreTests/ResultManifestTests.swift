import ResultStore
import Testing

@Suite struct Placeholder {}
