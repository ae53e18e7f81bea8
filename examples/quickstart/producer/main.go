// Producer writes ten readings a second.
package main

import (
	"context"
	"log"
	"time"

	"github.com/pylabhub/datahub/examples/quickstart/weather"
)

func main() {
	p, err := weather.ReadingChannel.Create("roof")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for t := 20.0; t < 30 && err == nil; t += 0.1 {
		err = p.Write(context.Background(), func(r *weather.Reading) error {
			r.TimeNS, r.Temperature = time.Now().UnixNano(), t
			return r.SetStation("roof")
		})
		time.Sleep(time.Second / 10)
	}
	if err != nil {
		log.Print(err)
	}
}
