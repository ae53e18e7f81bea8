package main

//go:generate go tool blds-gen

// Frame is one picture of the camera.
//
//blds:schema id=examples.camera.Frame version=1.0.0
//blds:channel policy=ring capacity=2 sync=latest_only consumers=4 page=4k timestamp=on
type Frame struct {
	// Number counts the frames the camera took.
	Number uint64
	// Pixels are rows of red, green and blue, from the top left.
	Pixels [1080][1920][3]uint8
}
