package optional

//blds:schema id=doc.optional.Weather version=1.0.0
type Weather struct {
	TimeNS      int64
	Presence    uint32  `blds:"presence"`
	Temperature float64 `blds:"optional"`
	Wind        float32 `blds:"optional"`
}

//blds:schema id=doc.optional.Explicit version=1.0.0
type Explicit struct {
	Have        uint8   `blds:"presence"`
	Temperature float64 `blds:"optional"`
	Wind        float32 `blds:"optional"`
}
