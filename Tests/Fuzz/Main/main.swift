import FuzzTargets
import Glibc

// libFuzzer around one target: `MILLRACE_FUZZ=session millrace-fuzz [libFuzzer's options and corpora]`. Its main is not
// linked; the targets are an ordinary library.

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Which one runs; a C function cannot carry it along.
nonisolated(unsafe) private var target = FuzzTarget.session

let name = getenv("MILLRACE_FUZZ").map { String(cString: $0) } ?? ""
guard let chosen = FuzzTarget(rawValue: name) else {
    print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
    exit(name.isEmpty ? 0 : 2)
}
target = chosen
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runDriver(&count, &arguments) { bytes, size in
        target.run(UnsafeRawBufferPointer(start: bytes, count: size))
        return 0
    })
