package channels

import "sync/atomic"

//blds:schema id=pairs.channels.Sample version=1.0.0
//blds:channel policy=ring capacity=64 sync=single_reader consumers=1 page=2m flex=Calib flex_mode=shared checksum=enforced checksum_type=blake3 timestamp=on spinlocks=4
type Sample struct{ Seq uint64 }

//blds:schema id=pairs.channels.Calib version=1.0.0
type Calib struct {
	Offset float64
	Users  atomic.Uint32
}

//blds:schema id=pairs.channels.Latest version=1.0.0
//blds:channel policy=double sync=latest_only consumers=3 page=4k checksum=manual checksum_type=crc32c
type Latest struct{ Seq uint64 }

//blds:schema id=pairs.channels.One version=1.0.0
//blds:channel policy=single sync=latest_only consumers=1 page=4096 timestamp=off flex=Calib flex_mode=double_buffered
type One struct{ Seq uint64 }
