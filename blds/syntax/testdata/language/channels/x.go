package channels

//blds:schema id=doc.channels.Reading version=1.0.0
//blds:channel policy=ring sync=overwrite capacity=1024 consumers=8 page=2m flex=Calibration flex_mode=shared checksum=enforced checksum_type=crc32c timestamp=on spinlocks=1
type Reading struct {
	Value float64
}

//blds:schema id=doc.channels.Calibration version=1.0.0
type Calibration struct {
	Gain  float64
	Count uint64 `blds:"atomic"`
}
