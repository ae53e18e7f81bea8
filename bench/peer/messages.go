package main

//go:generate go tool blds-gen

// Message64 is a message of 64 bytes. The others are larger.
//
//blds:schema id=bench.Message64 version=1.0.0
type Message64 struct{ Words [8]uint64 }

// Message1K is a message of 1 KiB.
//
//blds:schema id=bench.Message1K version=1.0.0
type Message1K struct{ Words [1 << 7]uint64 }

// Message4K is a message of 4 KiB.
//
//blds:schema id=bench.Message4K version=1.0.0
type Message4K struct{ Words [1 << 9]uint64 }

// Message64K is a message of 64 KiB.
//
//blds:schema id=bench.Message64K version=1.0.0
type Message64K struct{ Words [1 << 13]uint64 }

// Message1M is a message of 1 MiB.
//
//blds:schema id=bench.Message1M version=1.0.0
type Message1M struct{ Words [1 << 17]uint64 }

// Message4M is a message of 4 MiB.
//
//blds:schema id=bench.Message4M version=1.0.0
type Message4M struct{ Words [1 << 19]uint64 }
