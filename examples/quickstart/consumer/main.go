// Consumer prints the readings until the producer closes the channel.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/pylabhub/datahub/examples/quickstart/weather"
)

func main() {
	c, err := weather.ReadingChannel.Attach("roof")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	for s, err := range c.All(context.Background()) {
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(s.Seq, s.Value.GetStation(), s.Value.Temperature)
	}
}
