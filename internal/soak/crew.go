package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const terminate = syscall.SIGTERM

// A hand is one process, which is started again when it was killed.
type hand struct {
	role    string
	tape    string
	lasting bool // never killed
	cmd     *exec.Cmd
	said    *bytes.Buffer
	gone    chan struct{} // closed when it has ended
	meant   chan struct{} // closed before it is killed
	started time.Time
	moved   time.Time // when its tape was seen to have moved last
	was     uint64
}

// A crew is all processes.
type crew struct {
	dir   string
	all   []*hand
	mine  []*hand // those that may be killed
	ended chan *hand
	kills int
}

func newCrew(dir string, s *settings) (*crew, error) {
	c := &crew{dir: dir, ended: make(chan *hand, 100)}
	pause := time.Second / time.Duration(s.rate)
	add := func(kind, channel string, lasting bool) error {
		file := filepath.Join(dir, fmt.Sprintf("tape-%d", len(c.all)))
		if err := os.WriteFile(file, make([]byte, 8), 0o600); err != nil {
			return err
		}
		h := &hand{role: fmt.Sprintf("%s %s %s %v", kind, channel, file, pause), tape: file, lasting: lasting}
		c.all = append(c.all, h)
		if !lasting {
			c.mine = append(c.mine, h)
		}
		return c.start(h)
	}
	for i := range channels {
		ch := &channels[i]
		if err := add("producer", ch.name, ch.steady); err != nil {
			return c, err
		}
		for _, kind := range ch.consumers {
			if err := add(kind, ch.name, false); err != nil {
				return c, err
			}
		}
	}
	return c, add("witness", "all", true)
}

func (c *crew) start(h *hand) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	h.said = new(bytes.Buffer)
	h.cmd = exec.Command(self)
	h.cmd.Env = append(os.Environ(), roleVariable+"="+h.role, "DATAHUB_DIR="+filepath.Join(c.dir, "root"), "GOMAXPROCS=2")
	h.cmd.Stderr = h.said
	alive, err := h.cmd.StdinPipe() // ends with this process
	if err != nil {
		return err
	}
	h.gone, h.meant = make(chan struct{}), make(chan struct{})
	h.started, h.moved = time.Now(), time.Now()
	if err := h.cmd.Start(); err != nil {
		return errors.Join(err, alive.Close())
	}
	go func(cmd *exec.Cmd, gone, meant chan struct{}) {
		_ = cmd.Wait() // how it ended is told by meant; it closes the pipe
		close(gone)
		select {
		case <-meant:
		default:
			c.ended <- h
		}
	}(h.cmd, h.gone, h.meant)
	return nil
}

func (h *hand) kill() {
	close(h.meant)
	_ = h.cmd.Process.Kill() // it may have ended: then that is told
	<-h.gone
}

// killOne kills one process and starts it again.
func (c *crew) killOne(random *rand.Rand) error {
	h := c.mine[random.IntN(len(c.mine))]
	select {
	case v := <-c.ended:
		c.ended <- v // the one who asks next is told
		return nil
	default:
	}
	h.kill()
	if h.cmd.ProcessState.Exited() {
		return fmt.Errorf("%s ended by itself: %s", h.role, h.said)
	}
	c.kills++
	return c.start(h)
}

// end kills everybody.
func (c *crew) end() {
	for _, h := range c.all {
		if h.cmd != nil && h.cmd.Process != nil {
			h.kill()
		}
	}
}

// stuck returns a process whose tape has not moved for long, and how long.
func (c *crew) stuck(now time.Time) (*hand, time.Duration) {
	for _, h := range c.all {
		f, err := os.Open(h.tape)
		if err != nil {
			return h, 0
		}
		n, err := tape{f}.load()
		f.Close()
		if err != nil || n != h.was {
			h.was, h.moved = n, now
		}
		if d := now.Sub(h.moved); d > patience {
			return h, d
		}
	}
	return nil, 0
}

// patience is how long a process may make no progress.
const patience = 30 * time.Second
