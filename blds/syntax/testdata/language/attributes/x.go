package attributes

//blds:schema id=doc.attributes.Sample version=2.1.0 deprecated='use Reading'
type Sample struct {
	Taken    int64   `blds:"timestamp=ns"`
	Took     uint32  `blds:"duration=us"`
	Speed    float32 `blds:"unit=m/s,since=2.1.0"`
	Raw      int16   `blds:"scale=0.01,default=-1"`
	State    uint8   `blds:"deprecated='always 0: use taken'"`
	Altitude float64 `blds:"unit=m,was=Height"`
	Label    [8]byte `blds:"string,default=none,view=compact,metric=label,as=text,name=title"`
}
