package segment

import (
	"path/filepath"

	"github.com/pylabhub/datahub/runtime/shm"
)

// byExchange publishes by renaming folders: <root>/<channel> is the block.
type byExchange struct {
	root    *shm.Dir
	channel string
}

func (p *byExchange) open() (*shm.Dir, error) { return p.root.OpenDir(p.channel) }
func (p *byExchange) path() string            { return filepath.Join(p.root.Path(), p.channel) }
func (p *byExchange) staging() *shm.Dir       { return p.root }
func (p *byExchange) tidy() error             { return nil }

func (p *byExchange) named(string) (bool, error) { return false, nil } // it would be called otherwise

func (p *byExchange) close() error { return nil }

func (p *byExchange) prepare(string, *shm.Dir) error { return nil }

func (p *byExchange) publish(stage string) error {
	return p.root.RenameNoReplace(stage, p.channel)
}

func (p *byExchange) replace(stage string, _ *shm.Dir) (string, error) {
	return stage, p.root.Exchange(stage, p.channel)
}

func (p *byExchange) retract(*shm.Dir) (string, error) {
	old, err := stageName()
	if err != nil {
		return "", err
	}
	return old, p.root.RenameNoReplace(p.channel, old)
}
