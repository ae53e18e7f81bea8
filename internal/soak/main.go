// Soak lets producers and consumers of several channels work for hours, kills one
// of them every few seconds, starts it again, and watches those that live on: their
// memory, descriptors and threads, the files, and the places in the channels must
// not grow.
//
//	soak [-for 1h] [-kill 3s] [-sample 10s] [-rate 50] [-seed N] [-o soak.tsv]
//
// It prints a row a minute, at the end a table of the first and the last quarter
// and a verdict, and exits with 1 if something was torn, lost, stuck or growing.
// Each process checks what it reads; one that ends by itself ends the soak. -o writes
// every sample to a file. Interrupted, it judges what it has and cleans up.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"time"
)

// Flags of the command.
type settings struct {
	length, kill, sample time.Duration
	rate                 int
	seed                 uint64
	output               string
}

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		be(role)
	}
	var s settings
	flag.DurationVar(&s.length, "for", time.Hour, "how long")
	flag.DurationVar(&s.kill, "kill", 3*time.Second, "mean time from kill to kill")
	flag.DurationVar(&s.sample, "sample", 10*time.Second, "time from sample to sample")
	flag.IntVar(&s.rate, "rate", 50, "values a second and channel")
	flag.Uint64Var(&s.seed, "seed", rand.Uint64(), "of the kills")
	flag.StringVar(&s.output, "o", "", "file for all samples, tab-separated")
	flag.Parse()
	if err := soak(&s); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// giveBack returns to the system what the heap does not use, so that resident memory
// is what the process keeps. Go's heap grows to 4 MiB before it collects by itself, and
// with so little to do that takes hours.
func giveBack() {
	for range time.Tick(10 * time.Second) {
		debug.FreeOSMemory()
	}
}

// be is one of the processes, and does not return.
func be(role string) {
	signal.Ignore(os.Interrupt) // is for the one who started it
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2) // who started it is gone
	}()
	go giveBack()
	err := play(context.Background(), role)
	fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
	os.Exit(1)
}

// soak runs the processes until the time is up, and judges.
func soak(s *settings) error {
	if s.rate < 1 || s.length <= 0 || s.kill <= 0 || s.sample <= 0 {
		return fmt.Errorf("-for, -kill, -sample and -rate must be positive")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, terminate)
	defer stop()
	dir, err := scratch()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	crew, err := newCrew(dir, s)
	if err != nil {
		return err
	}
	defer crew.end()
	log, err := newLog(crew, s)
	if err != nil {
		return err
	}
	defer log.close()
	fmt.Printf("seed %d, %d processes, %d channels, a kill every %v, %v\n", s.seed, len(crew.all), len(channels), s.kill, s.length)
	random := rand.New(rand.NewPCG(s.seed, 0))
	end := time.After(s.length)
	samples := time.NewTicker(s.sample)
	defer samples.Stop()
	next := time.After(s.kill)
	for {
		select {
		case <-ctx.Done():
			fmt.Println("interrupted")
			return log.judge()
		case <-end:
			return log.judge()
		case v := <-crew.ended:
			return fmt.Errorf("%s ended by itself: %s", v.role, v.said.String())
		case <-next:
			next = time.After(time.Duration((0.5 + random.Float64()) * float64(s.kill)))
			if err := crew.killOne(random); err != nil {
				return err
			}
		case <-samples.C:
			if err := log.sample(); err != nil {
				return err
			}
		}
	}
}

// scratch makes a folder for the blocks, in memory where there is such a place.
func scratch() (string, error) {
	dir, err := os.MkdirTemp("/dev/shm", "datahub-soak-")
	if err != nil {
		dir, err = os.MkdirTemp("", "datahub-soak-")
	}
	if err != nil {
		return "", err
	}
	return dir, os.Mkdir(filepath.Join(dir, "root"), 0o700)
}
