// Package quickstart is the smallest pair of programs: producer writes, consumer
// prints, and weather is what they exchange.
//
//	go run ./examples/quickstart/producer &
//	go run ./examples/quickstart/consumer
package quickstart
