package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

const (
	// answerTime is how long a producer may take to answer. It has a goroutine for that;
	// one that is stopped does not answer at all.
	answerTime = 5 * time.Second
	// lookTime is the same for who only looks: tools look at many channels.
	lookTime = 2 * time.Second
	// freeTime is how long to wait for a place that somebody has just left, and the
	// producer not heard of yet.
	freeTime = 100 * time.Millisecond
)

// attachSecure is attach for the secure channel in dir.
func (p *place) attachSecure(dir *shm.Dir, c *Config, o *Options, a access) (*Segment, error) {
	end := time.Now().Add(freeTime)
	for {
		s, err := p.shakeHands(dir, c, o, a)
		if !errors.Is(err, slot.ErrFull) || time.Now().After(end) {
			return s, err
		}
		time.Sleep(attemptPause)
	}
}

// shakeHands gets the memory of the secure channel in dir, checks it as it would be
// checked in a folder, and maps it.
func (p *place) shakeHands(dir *shm.Dir, c *Config, o *Options, a access) (*Segment, error) {
	l, img, err := p.call(dir, o, a)
	if err != nil {
		return nil, err
	}
	undo := func(err error) error { return errors.Join(err, img.close(), l.close()) }
	if err := p.attachableSecure(img, c, o); err != nil {
		if a == consuming && (errors.Is(err, ErrSchema) || errors.Is(err, ErrFlexSchema)) {
			_ = l.conn.Send(message{sayMapped, otherSchema}.bytes(), nil) // the producer counts
		}
		return nil, undo(err)
	}
	s := &Segment{
		channel: p.channel, path: p.path(), options: *o,
		head: img.head, conf: img.conf, plan: img.plan, table: img.table, access: a, link: l,
	}
	s.options.Root = p.root.Path()
	if s.data, err = img.mapData(); err != nil {
		return nil, undo(err)
	}
	if s.control, err = img.control.Map(int64(img.head.ControlSize), a == consuming); err != nil {
		return nil, undo(errors.Join(err, s.data.Unmap()))
	}
	if err := l.begin(&s.plan); err != nil {
		return nil, undo(errors.Join(l.late(err), s.data.Unmap(), s.control.Unmap()))
	}
	s.waiter = shm.NewWaiter(s.head.Preamble.BlockID, s.data, s.control)
	l.start(s)
	return s, nil
}

// attachableSecure is attachable, where a refusal is counted by the producer.
func (p *place) attachableSecure(img *image, c *Config, o *Options) error {
	was := img.access
	img.access = observing
	err := p.attachable(img, c, o)
	img.access = was
	return err
}

// begin says that the memory is mapped, and waits until the producer says which cell of
// it counts.
func (l *link) begin(plan *slot.Plan) error {
	if err := l.conn.Send(message{sayMapped, 0}.bytes(), nil); err != nil {
		return hungUp(err)
	}
	m, err := receive(l.conn)
	if err == nil && m.what == sayRefused {
		err = refusal(m.number)
	}
	if err == nil && (m.what != sayGo || m.number >= plan.Consumers) {
		err = fmt.Errorf("%w: %v", ErrHandshake, m)
	}
	l.cell = int(m.number)
	return errors.Join(err, l.conn.SetDeadline(time.Time{}))
}

// hungUp gives the end of a connection its class.
func hungUp(err error) error {
	if shm.IsClosed(err) {
		return errHungUp
	}
	return err
}

// call connects to the producer of the channel in dir and gets its files, checked but
// for what the caller wants of them.
func (p *place) call(dir *shm.Dir, o *Options, a access) (*link, *image, error) {
	patience := answerTime
	if a == observing {
		patience = lookTime
	}
	conn, err := dir.Connect(patience)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded): // it has more callers than the system lets wait
		return nil, nil, &NoAnswerError{Path: p.path(), After: patience}
	case shm.IsRefused(err):
		// Its producer is gone, and with it the memory.
		return nil, nil, p.vanished(dir, p.ended(dir))
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, p.vanished(dir, missing(dir, shm.SocketName))
	case err != nil:
		return nil, nil, secured(p.explain(err))
	}
	l := &link{conn: conn, path: p.path(), patience: patience}
	img, err := l.files(dir, o, a)
	if err != nil {
		return nil, nil, errors.Join(l.late(err), conn.Close())
	}
	return l, img, nil
}

// late makes a [NoAnswerError] of a conversation that took too long.
func (l *link) late(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &NoAnswerError{Path: l.path, PID: l.pid, After: l.patience}
	}
	return err
}

// ended explains why nobody answers at the socket of the channel in dir: its producer
// has died, or is about to be gone.
func (p *place) ended(dir *shm.Dir) error {
	e := p.notFound()
	locks, err := shm.ProbeLocks(dir)
	if err != nil {
		return e
	}
	defer locks.Close() // it was only asked
	if held, err := locks.Held(producerLock); err == nil && !held {
		e.Ended = true
	}
	return e
}

// files asks for the two files and checks them.
func (l *link) files(dir *shm.Dir, o *Options, a access) (*image, error) {
	if err := l.conn.SetDeadline(time.Now().Add(l.patience)); err != nil {
		return nil, err
	}
	who, err := l.conn.Peer()
	if err != nil {
		return nil, err
	}
	l.pid = who.PID
	if self := shm.Self().UID; int(who.UID) != self && !o.AllowForeign {
		return nil, &ForeignOwnerError{Path: dir.Path(), Owner: int(who.UID), Self: self}
	}
	ask := message{sayConsume, 0}
	if a == observing {
		ask.what = sayObserve
	}
	if err := l.conn.Send(ask.bytes(), nil); err != nil && !shm.IsClosed(err) { // it may have refused before it was asked
		return nil, err
	}
	img := &image{access: a, secure: true}
	if img.data, err = l.file(sayData, dataName, fixedSize|closed); err != nil {
		return nil, err
	}
	seals := fixedSize
	if a == observing {
		seals |= closed
	}
	if img.control, err = l.file(sayControl, controlName, seals); err != nil {
		return nil, errors.Join(err, img.data.Close())
	}
	if err := img.receive(); err != nil {
		return nil, errors.Join(err, img.close())
	}
	return img, nil
}

// receive reads and checks what is in files that came from somebody.
func (img *image) receive() error {
	data, err := img.data.Stat()
	if err != nil {
		return err
	}
	control, err := img.control.Stat()
	if err != nil {
		return err
	}
	if err := img.read(img.data, img.control, data.Size, control.Size); err != nil {
		return err
	}
	return img.here()
}

// file receives a file, of which it believes nothing but its seals.
func (l *link) file(what uint32, name string, seals shm.Seal) (*shm.File, error) {
	var b [messageSize]byte
	n, f, err := l.conn.ReceiveFile(b[:], name)
	switch {
	case errors.Is(err, shm.ErrMessage):
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	case err != nil:
		return nil, err
	case n == 0 && f == nil:
		return nil, errHungUp
	}
	m, err := parseMessage(b[:n])
	switch {
	case err != nil:
	case m.what == sayRefused && f == nil:
		return nil, refusal(m.number)
	case m.what != what || f == nil:
		err = fmt.Errorf("%w: %v", ErrHandshake, m)
	default:
		err = sealed(f, seals)
	}
	if err != nil && f != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, err
}

// sealed returns an error unless f is memory with these seals. A file that can have
// none is not.
func sealed(f *shm.File, want shm.Seal) error {
	has, err := f.Seals()
	if err != nil && !errors.Is(err, ErrUnsupported) {
		return err
	}
	if has&shm.SealWrite != 0 {
		has |= shm.SealFutureWrite
	}
	if has&want != want {
		return fmt.Errorf("%s: %w: %#x, want %#x", f.Path(), ErrSeals, uint32(has), uint32(want))
	}
	return nil
}

// producerOf asks the live producer of the secure channel in dir who it is.
func (p *place) producerOf(dir *shm.Dir, o *Options) Process {
	l, img, err := p.call(dir, o, observing)
	var silent *NoAnswerError
	if errors.As(err, &silent) {
		return Process{PID: silent.PID}
	}
	if err != nil {
		return Process{}
	}
	defer l.close()
	defer img.close()
	info, err := img.producer()
	if err != nil || !info.OK {
		return Process{}
	}
	return NewProcess(&info.Who)
}
