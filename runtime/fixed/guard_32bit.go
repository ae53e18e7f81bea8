//go:build 386 || arm || mips || mipsle

package fixed

// Compiled only where nothing of ours must compile. The compiler's message shows
// the text.
const _ int = "shared records need a 64-bit CPU: this GOARCH is 32-bit"
