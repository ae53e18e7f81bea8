package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
)

func (a *app) exportCmd() *cobra.Command {
	var listen string
	var once bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Serve the metrics of all channels to Prometheus",
		Long: `Export serves the metrics of all channels of this host at /metrics, as Prometheus
reads them. Each scrape opens every block read-only, loads its counters, and
closes it: producers and consumers do not notice.

It listens on the loopback address only, unless --listen says otherwise; there is
no access control, the names of channels and consumers are readable by whoever can
connect. --once prints the metrics and ends, with --json as an array of objects
with name, type, labels and value.`,
		Example: `  datablock-admin export
  datablock-admin export --listen 127.0.0.1:9720
  datablock-admin export --once`,
		GroupID: groupHost,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if once {
				return a.exportOnce()
			}
			return a.serve(cmd.Context(), listen)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9720", "`address` and port to listen on")
	cmd.Flags().BoolVar(&once, "once", false, "print the metrics and end")
	cmd.MarkFlagsMutuallyExclusive("listen", "once")
	return cmd
}

// handler serves the metrics.
func (a *app) handler() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{a})
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorLog: errorLog{a}, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	})
}

type errorLog struct{ a *app }

func (l errorLog) Println(v ...any) { l.a.note("%s", fmt.Sprint(v...)) }

func (a *app) exportOnce() error {
	if a.json {
		return a.writeJSON((&collector{a}).samples())
	}
	req, err := http.NewRequest(http.MethodGet, "/metrics", nil)
	if err != nil {
		return err
	}
	w := &page{app: a, header: http.Header{}}
	a.handler().ServeHTTP(w, req)
	return w.err
}

// A page is an answer that goes to the standard output.
type page struct {
	*app
	header http.Header
	err    error
}

func (p *page) Header() http.Header { return p.header }

func (p *page) WriteHeader(code int) {
	if code != http.StatusOK {
		p.err = errors.Join(p.err, fmt.Errorf("collect metrics: %s", http.StatusText(code)))
	}
}

func (p *page) Write(b []byte) (int, error) {
	n, err := p.stdout.Write(b)
	p.err = errors.Join(p.err, err)
	return n, err
}

func (a *app) serve(ctx context.Context, listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return failure{
			Class: "listen", Message: err.Error(), Exit: exitFailure,
			Remedy: "choose another address with --listen, or end what listens there",
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.handler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>datablock-admin export</title><a href="/metrics">metrics</a>`)
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	if a.json {
		err = a.writeLine(struct {
			Listening string `json:"listening"`
		}{l.Addr().String()})
	} else {
		err = a.printf("metrics of all channels at http://%s/metrics\n", l.Addr())
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := srv.Shutdown(short); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}
