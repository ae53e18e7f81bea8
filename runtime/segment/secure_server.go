package segment

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pylabhub/datahub/runtime/shm"
)

// Limits of what strangers can make a producer do.
const (
	// handshakeTime is how long somebody who connects may take to say what he has to.
	handshakeTime = 2 * time.Second
	// maxShaking is how many may be at that at once; then the one who has taken longest
	// has to go.
	maxShaking = 32
	// maxObservers is how many may look on, and maxStrangers how many of them may be of
	// other users: so nobody hides from the tools of the producer's own.
	maxObservers = 64
	maxStrangers = maxObservers / 2
	// acceptPause is how long the producer rests after each who connects, so that
	// somebody who does so without end takes a part of one processor only.
	acceptPause = 200 * time.Microsecond
	// figuresEvery is how old what observers see of consumers is at most.
	figuresEvery = 100 * time.Millisecond
)

// A server hands the memory of a secure channel to those who may have it, and sees
// them go: a consumer is there as long as its connection is.
type server struct {
	secure Secure
	socket *shm.Socket
	waiter *shm.Waiter
	desks  *desks

	data    *shm.File    // for reading only
	figures *shm.File    // what the producer's own user sees of consumers, too
	blank   *shm.File    // what others see instead
	shown   *shm.Mapping // figures, for writing

	running sync.WaitGroup
	stop    chan struct{}

	mu        sync.Mutex
	closed    bool
	conns     map[*shm.Socket]bool // all, and whether they are shaking hands
	shaking   []*shm.Socket        // the oldest first; may name some that are done
	places    []occupant
	observers int
	strangers int // among them
	freed     uint64
}

// A occupant is who has a consumer's place.
type occupant struct {
	state placeState
	conn  *shm.Socket
	uid   uint32
}

type placeState uint8

const (
	placeFree     placeState = iota
	placeTaken               // a consumer has it
	placeLost                // a consumer had it that was expelled, and is about to be gone
	placeCleaning            // the writer is about to look whether it is in use
)

// serve begins to answer at s.socket.
func (s *server) serve() {
	s.stop = make(chan struct{})
	s.running.Go(s.accept)
	s.running.Go(s.show)
}

// close hangs up on everybody and returns when nobody uses the memory any more.
func (s *server) close() error {
	s.mu.Lock()
	s.closed = true
	err := s.socket.Close()
	for c := range s.conns {
		err = errors.Join(err, c.Close())
	}
	s.mu.Unlock()
	if s.stop != nil {
		close(s.stop)
	}
	s.running.Wait()
	return errors.Join(err, s.desks.close(), s.data.Close(), s.figures.Close(), s.blank.Close())
}

// accept lets in one after the other. What takes time each does for himself.
func (s *server) accept() {
	for {
		c, err := s.socket.Accept()
		if err != nil {
			select {
			case <-s.stop:
				return
			case <-time.After(10 * time.Millisecond): // out of descriptors: some may come back
			}
			continue
		}
		p, err := c.Peer()
		if err != nil || !s.secure.allows(&p) {
			refuse(c, refusedUser)
		} else if s.admit(c) {
			s.running.Go(func() { s.talk(c, &p) })
		}
		select {
		case <-s.stop:
			return
		case <-time.After(acceptPause):
		}
	}
}

// refuse says why not, if that can be said at once, and hangs up.
func refuse(c *shm.Socket, why uint32) {
	_ = c.SetDeadline(time.Now().Add(handshakeTime))
	_ = c.Send(message{sayRefused, why}.bytes(), nil) // nothing was sent before, so there is room
	_ = c.Close()
}

// admit notes that c shakes hands.
func (s *server) admit(c *shm.Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.conns[c] = true
	s.shaking = append(s.shaking, c)
	for n := s.stillShaking(); n > maxShaking; n-- {
		delete(s.conns, s.shaking[0])
		_ = s.shaking[0].Close() // its goroutine ends
		s.shaking = s.shaking[1:]
	}
	return true
}

// stillShaking drops those who are done, and returns how many are not.
func (s *server) stillShaking() int {
	rest := s.shaking[:0]
	for _, c := range s.shaking {
		if s.conns[c] {
			rest = append(rest, c)
		}
	}
	s.shaking = rest
	return len(rest)
}

// talk is the conversation with one who may read, from the first word to the end of
// the connection.
func (s *server) talk(c *shm.Socket, p *shm.Peer) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	if c.SetDeadline(time.Now().Add(handshakeTime)) != nil {
		return
	}
	m, err := receive(c)
	switch {
	case errors.Is(err, errVersion):
		refuse(c, refusedVersion)
	case err != nil:
	case m.what == sayConsume:
		s.consumer(c, p)
	case m.what == sayObserve:
		s.observer(c, p)
	}
}

// consumer gives c a place once it is able to take one, and waits until it goes.
func (s *server) consumer(c *shm.Socket, p *shm.Peer) {
	s.mu.Lock()
	_, why := s.find(p)
	s.mu.Unlock()
	if why != 0 {
		refuse(c, why)
		return
	}
	f, err := s.desks.newFile("desk")
	if err != nil {
		refuse(c, refusedFailed)
		return
	}
	place := -1
	err = s.handOver(c, f, func() (uint32, uint32) {
		place, why = s.seat(c, p, f)
		return uint32(place), why
	})
	if errors.Join(err, f.Close()) == nil {
		linger(c)
	}
	if place >= 0 {
		s.free(place)
	}
}

// linger returns when the other side has hung up, or says anything: it has nothing to
// say any more.
func linger(c *shm.Socket) {
	var b [1]byte
	_, _ = c.Receive(b[:])
}

// handOver gives c the data and its control file, and lets it begin after ready, which
// returns the number of its cell, or why not.
func (s *server) handOver(c *shm.Socket, control *shm.File, ready func() (cell, why uint32)) error {
	err := c.Send(message{sayData, 0}.bytes(), s.data)
	if err == nil {
		err = c.Send(message{sayControl, 0}.bytes(), control)
	}
	if err != nil {
		return err
	}
	m, err := receive(c)
	if err != nil {
		return err
	}
	if m.what == sayMapped && m.number == otherSchema {
		addWord(s.mismatches())
	}
	if m != (message{sayMapped, 0}) {
		return fmt.Errorf("%w: %v", ErrHandshake, m)
	}
	cell, why := ready()
	if why != 0 {
		refuse(c, why)
		return refusal(why)
	}
	s.mu.Lock()
	if _, ok := s.conns[c]; ok {
		s.conns[c] = false // it need not hurry any more
	}
	s.mu.Unlock()
	return errors.Join(c.SetDeadline(time.Time{}), c.Send(message{sayGo, cell}.bytes(), nil))
}

// find finds a free place for p, or says why there is none. s.mu is held.
func (s *server) find(p *shm.Peer) (place int, why uint32) {
	found, has := -1, 0
	for i := range s.places {
		switch pl := &s.places[i]; {
		case pl.state == placeFree && found < 0:
			found = i
		case pl.state != placeFree && pl.conn != nil && pl.uid == p.UID:
			has++
		}
	}
	switch {
	case s.closed:
		return -1, refusedFailed
	case s.secure.PerUser > 0 && has >= s.secure.PerUser && !own(p):
		return -1, refusedMany
	case found < 0:
		return -1, refusedFull
	}
	return found, 0
}

// seat gives c a place, where the writer sees it from now on.
func (s *server) seat(c *shm.Socket, p *shm.Peer, f *shm.File) (place int, why uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, why := s.find(p)
	if why != 0 {
		return -1, why
	}
	if s.desks.seat(i, f) != nil {
		_, _ = s.desks.clear(i)
		return -1, refusedFailed
	}
	s.places[i] = occupant{placeTaken, c, p.UID}
	return i, 0
}

// free takes back place i, whose consumer is gone.
func (s *server) free(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[i].state == placeTaken {
		s.clear(i)
	}
	s.places[i] = occupant{}
	s.ring()
}

// clear empties desk i. s.mu is held.
func (s *server) clear(i int) {
	if dirty, _ := s.desks.clear(i); dirty {
		s.freed++
	}
}

// expel hangs up on the consumer at desk i, which it can write no more.
func (s *server) expel(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pl := &s.places[i]; pl.state == placeTaken {
		_, _ = s.desks.clear(i)
		pl.state = placeLost
		_ = pl.conn.Close()
	}
}

// ring wakes a writer that waits for room: there may be some.
func (s *server) ring() {
	bell := s.desks.roomBell()
	bell.Add(1)
	s.waiter.Wake(addrOf(bell))
}

// observer lets c look on until it goes.
func (s *server) observer(c *shm.Socket, p *shm.Peer) {
	stranger := 0
	if !own(p) {
		stranger = 1
	}
	s.mu.Lock()
	busy := s.observers >= maxObservers || s.strangers+stranger > maxStrangers
	if !busy {
		s.observers++
		s.strangers += stranger
	}
	s.mu.Unlock()
	if busy {
		refuse(c, refusedBusy)
		return
	}
	defer func() {
		s.mu.Lock()
		s.observers--
		s.strangers -= stranger
		s.mu.Unlock()
	}()
	f := s.blank
	if own(p) {
		f = s.figures
		s.refresh()
	}
	if s.handOver(c, f, func() (cell, why uint32) { return 0, 0 }) == nil {
		linger(c)
	}
}

// show keeps what observers see of consumers fresh, as long as there is one.
func (s *server) show() {
	t := time.NewTicker(figuresEvery)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			s.mu.Lock()
			if s.observers > 0 {
				s.desks.figures(s.shown.Bytes())
			}
			s.mu.Unlock()
		}
	}
}

func (s *server) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desks.figures(s.shown.Bytes())
}
