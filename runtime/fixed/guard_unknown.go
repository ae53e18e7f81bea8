//go:build !(amd64 || arm64 || loong64 || mips64le || ppc64le || riscv64 || wasm || 386 || arm || mips || mipsle || mips64 || ppc64 || s390x)

package fixed

// Compiled only where nothing of ours must compile. The compiler's message shows
// the text.
const _ int = "shared records need a 64-bit little-endian CPU: this GOARCH is not known to be one"
