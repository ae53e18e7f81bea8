package segment

import (
	"os"
	"testing"
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// wordOf returns the word that begins b.
func wordOf(b []byte) *uint32 { return (*uint32)(unsafe.Pointer(&b[:4][0])) }

// patch changes the header in a data file and makes its checksum right again.
func patch(t testing.TB, path string, change func(h *hdr.DataHeader)) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := new(hdr.DataHeader)
	if _, err := f.ReadAt(recordBytes(h), 0); err != nil {
		t.Fatal(err)
	}
	change(h)
	seal(recordBytes(h))
	if _, err := f.WriteAt(recordBytes(h), 0); err != nil {
		t.Fatal(err)
	}
}
