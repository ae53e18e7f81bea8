//go:build mips64 || ppc64 || s390x

package fixed

// Compiled only where nothing of ours must compile. The compiler's message shows
// the text.
const _ int = "shared records are little-endian: this GOARCH is big-endian"
