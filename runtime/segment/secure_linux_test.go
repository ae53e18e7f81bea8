package segment

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

func init() {
	secure := func(root string) Options { return Options{Root: root, Replace: true, Secure: &Secure{}} }
	create := func(root string) error { _, err := Create("roof", config(), secure(root)); return err }
	leave := func(root string) error {
		s, err := Create("roof", config(), secure(root))
		if err == nil {
			err = s.Close()
		}
		return err
	}
	for name, op := range map[string]struct{ before, run func(string) error }{
		"create secure":                  {func(string) error { return nil }, create},
		"create secure for others, too":  {func(string) error { return nil }, createOpen},
		"create where a secure one died": {leave, create},
		"replace an ordinary one":        {leaveBlock, create},
	} {
		crashOps[name] = op
	}
}

func createOpen(root string) error {
	_, err := Create("roof", config(), Options{Root: root, Secure: &Secure{UIDs: []int{4711}}})
	return err
}

func TestNamesOfSecureChannelsAreNames(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir(), Secure: &Secure{}}
		s, err := Create("roof", config(), o)
		if err != nil {
			t.Fatal(err)
		}
		names, err := List(o)
		if err != nil || !slices.Equal(names, []string{"roof"}) {
			t.Errorf("list: %q, %v", names, err)
		}
		if err := Remove("roof", true, o); !errors.Is(err, ErrExists) {
			t.Errorf("remove a live one: %v, want ErrExists", err)
		}
		if _, err := Open("roof", Options{Root: o.Root}); !errors.Is(err, ErrNotProducer) {
			t.Errorf("open to mend it: %v, want ErrNotProducer", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Attach("roof", config(), o); !errors.Is(err, ErrNotFound) || !errors.Is(err, ErrEnded) {
			t.Errorf("attach to a dead one: %v, want ErrNotFound and ErrEnded", err)
		}
		if err := Remove("roof", false, o); err != nil {
			t.Errorf("remove a dead one: %v", err)
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
	})
}

func TestSecureFolderIsClosedUnlessOthersMayRead(t *testing.T) {
	for _, c := range []struct {
		secure         Secure
		folder, socket os.FileMode
	}{
		{Secure{}, 0o700, 0o600},
		{Secure{UIDs: []int{4711}}, 0o755, 0o666},
	} {
		o := Options{Root: t.TempDir(), Secure: &c.secure}
		s := mustCreate(t, "roof", config(), o)
		for path, want := range map[string]os.FileMode{
			s.Path():                          c.folder,
			filepath.Join(s.Path(), "socket"): c.socket,
			filepath.Join(s.Path(), "lock"):   0o600,
		} {
			st, err := os.Stat(path)
			if err != nil || st.Mode().Perm() != want {
				t.Errorf("%+v: %s: %v, %v, want %v", c.secure, path, st.Mode(), err, want)
			}
		}
	}
}

func TestASchemaThatDiffersIsCountedByTheProducer(t *testing.T) {
	o := Options{Root: t.TempDir(), Secure: &Secure{}}
	s := mustCreate(t, "roof", config(), o)
	c := config()
	c.Schema = readingInK
	if _, err := Attach("roof", c, o); !errors.Is(err, ErrSchema) {
		t.Fatalf("got %v, want ErrSchema", err)
	}
	for end := time.Now().Add(10 * time.Second); s.SchemaMismatches() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d mismatches, want 1", s.SchemaMismatches())
		}
	}
}

func TestAProducerThatDoesNotAnswerIsNamed(t *testing.T) {
	o := fakeProducer(t, func(c *shm.Socket) { _, _ = receive(c) }) // until the other side gives up
	_, err := Observe("roof", Config{}, o)
	var silent *NoAnswerError
	if !errors.As(err, &silent) || !errors.Is(err, ErrNoAnswer) || !errors.Is(err, os.ErrDeadlineExceeded) || silent.PID != os.Getpid() {
		t.Fatalf("got %v, want ErrNoAnswer of this process", err)
	}
	if !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("%q does not say which process it is", err)
	}
}

// A fakeProducer answers at the socket of a channel as play says.
func fakeProducer(t *testing.T, play func(c *shm.Socket)) Options {
	t.Helper()
	o := Options{Root: t.TempDir(), Secure: &Secure{}}
	path := filepath.Join(o.Root, "roof")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := shm.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := dir.Listen(false)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = receive(c)
			play(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done; dir.Close() })
	return o
}

// A gift is what a fake producer hands out.
type gift struct {
	data, control         *shm.File
	dataSeals, ctlSeals   shm.Seal
	first, second, third  message
	badHeader, wrongBlock bool
}

func (g *gift) make(t *testing.T) {
	c := config()
	d, err := c.design()
	if err != nil {
		t.Fatal(err)
	}
	img, err := d.writeSecure("roof", [16]byte{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { img.close() })
	if g.data == nil {
		g.data = img.data
	}
	g.control = img.control
	if g.badHeader {
		err = img.data.WriteAt([]byte{0xff}, int64(hdr.FieldDataHeaderRegionCount))
	}
	if g.wrongBlock {
		other, e := d.writeSecure("roof", [16]byte{2}, 1)
		if e != nil {
			t.Fatal(e)
		}
		t.Cleanup(func() { other.close() })
		g.control = other.control
	}
	if g.data == img.data {
		err = errors.Join(err, img.data.Seal(g.dataSeals))
	}
	if err := errors.Join(err, g.control.Seal(g.ctlSeals)); err != nil {
		t.Fatal(err)
	}
}

func TestConsumerRefusesWhatIsNotWhatItMustBe(t *testing.T) {
	dataMsg, controlMsg, goMsg := message{sayData, 0}, message{sayControl, 0}, message{sayGo, 0}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	folder, err := shm.OpenDir(filepath.Dir(file.Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	plain, _, err := folder.OpenFile(filepath.Base(file.Name()), true)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for _, c := range []struct {
		does string
		gift gift
		want error
	}{
		{"all is well", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, third: goMsg}, nil},
		{"data is not sealed", gift{ctlSeals: fixedSize, first: dataMsg, second: controlMsg, third: goMsg}, ErrSeals},
		{"data can be written", gift{dataSeals: fixedSize | shm.SealSeal, ctlSeals: fixedSize, first: dataMsg, second: controlMsg}, ErrSeals},
		{"data can shrink", gift{dataSeals: shm.SealGrow | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg}, ErrSeals},
		{"control can shrink", gift{dataSeals: fixedSize | closed, ctlSeals: shm.SealGrow, first: dataMsg, second: controlMsg}, ErrSeals},
		{"data is a plain file", gift{data: plain, ctlSeals: fixedSize, first: dataMsg, second: controlMsg}, ErrSeals},
		{"the header is corrupt", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, badHeader: true}, ErrHeaderChecksum},
		{"files of two blocks", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, wrongBlock: true}, ErrBlockID},
		{"control comes first", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: controlMsg}, ErrHandshake},
		{"data comes twice", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: dataMsg}, ErrHandshake},
		{"no go", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, third: dataMsg}, ErrHandshake},
		{"a cell that there is not", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, third: message{sayGo, 3}}, ErrHandshake},
		{"a cell far away", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, third: message{sayGo, 1<<32 - 1}}, ErrHandshake},
		{"refused at the end", gift{dataSeals: fixedSize | closed, ctlSeals: fixedSize, first: dataMsg, second: controlMsg, third: message{sayRefused, refusedFull}}, slot.ErrFull},
	} {
		t.Run(c.does, func(t *testing.T) {
			c.gift.make(t)
			o := fakeProducer(t, func(s *shm.Socket) {
				_ = s.Send(c.gift.first.bytes(), c.gift.data)
				if c.gift.second.what != 0 {
					_ = s.Send(c.gift.second.bytes(), c.gift.control)
				}
				if _, err := receive(s); err == nil {
					_ = s.Send(c.gift.third.bytes(), nil)
					linger(s)
				}
			})
			s, err := Attach("roof", config(), o)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestConsumerRefusesOtherAnswers(t *testing.T) {
	version := message{sayData, 0}.bytes()
	version[8] = 9
	nonzero := message{sayData, 0}.bytes()
	nonzero[31] = 1
	for _, c := range []struct {
		does   string
		answer []byte
		want   error
	}{
		{"nothing, and hangs up", nil, ErrHandshake},
		{"garbage", []byte("HTTP/1.1 400 Bad Request\r\n"), ErrHandshake},
		{"too much", make([]byte, 5000), ErrHandshake},
		{"another version", version, ErrHandshake},
		{"something where nothing must be", nonzero, ErrHandshake},
		{"data without a descriptor", message{sayData, 0}.bytes(), ErrHandshake},
		{"no to this user", message{sayRefused, refusedUser}.bytes(), ErrNotAllowed},
		{"no place", message{sayRefused, refusedFull}.bytes(), slot.ErrFull},
		{"no, for no reason we know", message{sayRefused, 99}.bytes(), ErrHandshake},
	} {
		t.Run(c.does, func(t *testing.T) {
			o := fakeProducer(t, func(s *shm.Socket) {
				if c.answer != nil {
					_ = s.Send(c.answer, nil)
				}
			})
			if _, err := Attach("roof", config(), o); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// memoryFiles returns how many sockets and files in memory are open.
func memoryFiles(t testing.TB) (n int) {
	e, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range e {
		switch to, _ := os.Readlink(filepath.Join("/proc/self/fd", f.Name())); {
		case len(to) > 7 && (to[:7] == "socket:" || to[:7] == "/memfd:"):
			n++
		}
	}
	return n
}

func TestTwoDescriptorsWithOneMessageAreRefusedAndClosed(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "roof")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(l)
	if err := errors.Join(syscall.Bind(l, &syscall.SockaddrUnix{Name: filepath.Join(path, "socket")}), syscall.Listen(l, 1)); err != nil {
		t.Fatal(err)
	}
	var g gift
	g.dataSeals, g.ctlSeals = fixedSize|closed, fixedSize
	g.make(t)
	before := memoryFiles(t)
	for _, n := range []int{2, 3, 40} {
		go func() {
			c, _, err := syscall.Accept(l)
			if err != nil {
				return
			}
			defer syscall.Close(c)
			fds := make([]int, n)
			for i := range fds {
				fds[i] = l
			}
			_ = syscall.Sendmsg(c, message{sayData, 0}.bytes(), syscall.UnixRights(fds...), nil, 0)
			var b [64]byte
			_, _ = syscall.Read(c, b[:])
			_, _ = syscall.Read(c, b[:])
		}()
		if _, err := Attach("roof", config(), Options{Root: root}); !errors.Is(err, ErrHandshake) || !errors.Is(err, shm.ErrMessage) {
			t.Errorf("%d descriptors: %v, want ErrHandshake", n, err)
		}
		for end := time.Now().Add(10 * time.Second); memoryFiles(t) != before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d descriptors: %d are open, %d were before", n, memoryFiles(t), before)
			}
		}
	}
}

// FuzzConversation says anything to a producer, who goes on to serve others.
func FuzzConversation(f *testing.F) {
	o := Options{Root: f.TempDir(), Secure: &Secure{}}
	s := mustCreate(f, "roof", config(), o)
	for _, m := range [][]message{{{sayConsume, 0}}, {{sayConsume, 0}, {sayMapped, 0}}, {{sayObserve, 0}, {sayMapped, 0}, {sayGo, 1}}, {{sayMapped, 1}}, {{99, 1 << 31}}} {
		var b []byte
		for _, m := range m {
			b = append(b, messageSize)
			b = append(b, m.bytes()...)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fd)
		if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: filepath.Join(s.Path(), "socket")}); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 8 && len(said) > 1; i++ { // each message has its length before it
			n := min(int(said[0]), len(said)-1)
			_ = syscall.Sendmsg(fd, said[1:1+n], nil, nil, syscall.MSG_NOSIGNAL|syscall.MSG_DONTWAIT)
			said = said[1+n:]
		}
		c, err := Attach("roof", config(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
