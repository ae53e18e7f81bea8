//go:build !race

package killtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pylabhub/datahub/runtime/segment"
)

// block is what is done to a block as a whole: create, remove, replace.
func block(how string) *operation {
	return &operation{
		name: how + " the block: sync readers", long: true,
		before: func(s *stage) error {
			if how == "create" {
				return nil
			}
			if err := s.create(); err != nil {
				return err
			}
			err := s.write(2)
			s.die()
			return err
		},
		child: func(s *stage) (func() error, error) {
			switch how {
			case "create":
				return s.create, nil
			case "remove":
				return func() error { return segment.Remove("roof", false, s.options()) }, nil
			}
			return func() error {
				o := s.options()
				o.Replace = true
				_, err := segment.Create("roof", configs["locks"], o)
				return err
			}, nil
		},
		after: func(s *stage, done bool) error { return s.afterBlock(how, done) },
	}
}

// afterBlock checks that the name stands for a whole block or for none, that the
// next producer gets on, and that a sweep leaves nothing of what was half made.
func (s *stage) afterBlock(how string, done bool) error {
	seg, err := segment.Attach("roof", segment.Config{Schema: base.Schema}, s.options())
	there := err == nil
	switch {
	case there:
		if err := seg.Close(); err != nil {
			return err
		}
	case !errors.Is(err, segment.ErrNotFound) && !(how == "replace" && errors.Is(err, segment.ErrSuperseded)):
		return fmt.Errorf("attach: %w", err)
	}
	if done && there == (how == "remove") {
		return errWrong("it was done, and attach says %v", err)
	}
	if s.seg, err = segment.Create("roof", s.config(), s.options()); err != nil {
		o := s.options()
		o.Replace = true // the replaced block has other policies
		if s.seg, err = segment.Create("roof", s.config(), o); how != "replace" || err != nil {
			return errors.Join(fmt.Errorf("create: %w", err), s.seg.Close())
		}
	}
	if err := errors.Join(s.seg.Close()); err != nil {
		return err
	}
	if err := s.goOn(); err != nil {
		return err
	}
	// What is half made is swept once it is old.
	entries, err := os.ReadDir(s.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".new-") {
			old := time.Now().Add(-time.Minute)
			if err := os.Chtimes(filepath.Join(s.root, e.Name()), old, old); err != nil {
				return err
			}
		}
	}
	if _, err := segment.Sweep(s.options()); err != nil {
		return err
	}
	if err := errors.Join(s.seg.Remove(), s.seg.Close()); err != nil {
		return err
	}
	return filepath.WalkDir(s.root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != s.root {
			err = errWrong("%s was left behind", strings.TrimPrefix(path, s.root))
		}
		return err
	})
}
