package weather

// Site is where the readings of a Zoned channel come from.
//
//blds:schema id=test.weather.Site version=1.0.0
type Site struct {
	Number  uint64
	Words   [61]uint64
	Height  float32 `blds:"unit=m,optional"`
	Present uint32  `blds:"presence"`
	Tail    [2]uint32
}

// Zoned is a reading whose channel has a flexible zone.
//
//blds:schema id=test.weather.Zoned version=1.0.0
//blds:channel policy=ring capacity=8 sync=sync_readers consumers=4 page=4k flex=Site spinlocks=4
type Zoned struct{ Number uint64 }

// InPlace is a reading whose channel has a shared flexible zone.
//
//blds:schema id=test.weather.InPlace version=1.0.0
//blds:channel policy=ring capacity=8 sync=sync_readers consumers=4 page=4k flex=Tag flex_mode=shared spinlocks=2
type InPlace struct{ Number uint64 }

// Tag is a small zone: five words of four bytes.
//
//blds:schema id=test.weather.Tag version=1.0.0
type Tag struct{ Words [5]uint32 }
