package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/cli"
	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/station"
	"github.com/pylabhub/datahub/runtime/datablock"
)

// TestPrometheusScrapesChannelsThatComeAndGo asks a running exporter from several
// sides while channels are made and removed.
func TestPrometheusScrapesChannelsThatComeAndGo(t *testing.T) {
	root := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, w := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, []string{"--dir", root, "--json", "export", "--listen", "127.0.0.1:0"}, strings.NewReader(""), w, &errs)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	var where struct{ Listening string }
	must(t, json.Unmarshal([]byte(line), &where))

	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Add(1)
	go func() {
		defer work.Done()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			p, err := station.LatestChannel.Create(fmt.Sprint("brief-", n%3), datablock.Root(root))
			if err != nil {
				t.Error(err)
				return
			}
			if err := p.Close(); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	p, err := station.ReadingChannel.Create("roof", datablock.Root(root))
	must(t, err)
	must(t, p.Send(ctx, &station.Reading{}))
	for range 4 {
		work.Add(1)
		go func() {
			defer work.Done()
			for range 10 {
				status, body, err := get("http://" + where.Listening + "/metrics")
				if err != nil || status != http.StatusOK && status != http.StatusServiceUnavailable {
					t.Errorf("status %d, %v: %s", status, err, body)
				}
				if status == http.StatusOK && !strings.Contains(body, `datablock_slots_written_total{channel="roof"} 1`) {
					t.Errorf("roof is missing in\n%s", body)
				}
			}
		}()
	}
	time.AfterFunc(500*time.Millisecond, func() { close(stop) })
	work.Wait()
	if status, body, err := get("http://" + where.Listening + "/"); err != nil || status != http.StatusOK || !strings.Contains(body, "/metrics") {
		t.Errorf("status %d, %v: %s", status, err, body)
	}
	if status, _, err := get("http://" + where.Listening + "/other"); err != nil || status != http.StatusNotFound {
		t.Errorf("another path: status %d, %v", status, err)
	}
	cancel()
	select {
	case code := <-done:
		if code != 0 || errs.Len() > 0 {
			t.Errorf("exit code %d: %s", code, errs.String())
		}
	case <-time.After(patience):
		t.Error("it does not end")
	}
	must(t, p.Close())
}

func get(url string) (status int, body string, err error) {
	r, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}
