package datablock_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// exampleRoot returns a folder for the blocks of an example.
func exampleRoot() (datablock.Option, func()) {
	dir, err := os.MkdirTemp("", "datahub-example-")
	if err != nil {
		log.Fatal(err)
	}
	return datablock.Root(dir), func() { os.RemoveAll(dir) }
}

func ExampleSecure() {
	ctx := context.Background()
	root, remove := exampleRoot()
	defer remove()

	// Besides its own user the producer lets user 1001 and the members of group 44
	// read, and gives each other user two places at most.
	p, err := weather.ReadingChannel.Create("roof", root,
		datablock.Secure(datablock.SecureOptions{UIDs: []int{1001}, GIDs: []int{44}, PerUser: 2}))
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	// A consumer finds the channel as any other. With Secure it insists that nobody but
	// the producer can change what it reads.
	c, err := weather.ReadingChannel.Attach("roof", root, datablock.Secure())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	if err := p.Send(ctx, &weather.Reading{Number: 1, Temperature: 21.5}); err != nil {
		log.Fatal(err)
	}
	s, err := c.Next(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Value.Number, s.Value.Temperature)
	if err := c.Release(); err != nil {
		log.Fatal(err)
	}
	// Output: 1 21.5
}
