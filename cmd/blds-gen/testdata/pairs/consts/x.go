package consts

//blds:schema id=pairs.consts.Limits version=1.0.0
type Limits struct{ Rate uint32 }

//blds:const of=Limits
const (
	LimitsMaxRate uint32  = 10 * 100
	LimitsRatio   float64 = 0.25
	LimitsTitle   string  = `roof "A"`
	LimitsStrict  bool    = true
	LimitsColdest int16   = -40
)
