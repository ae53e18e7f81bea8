package main

//go:generate go tool blds-gen

// Snapshot is the state of one machine at one moment.
//
//blds:schema id=examples.hostmetrics.Snapshot version=1.0.0
//blds:channel policy=ring capacity=64 sync=sync_readers consumers=8 page=4k timestamp=on
type Snapshot struct {
	// Taken is when sampling began.
	Taken int64 `blds:"timestamp=ns"`
	// Interval is the time since the sample before, over which rates are computed.
	Interval int64 `blds:"duration=ns"`

	Host [64]byte `blds:"string"`

	Load1  float64
	Load5  float64
	Load15 float64

	MemTotal     uint64 `blds:"unit=byte"`
	MemUsed      uint64 `blds:"unit=byte"`
	MemAvailable uint64 `blds:"unit=byte"`
	SwapTotal    uint64 `blds:"unit=byte"`
	SwapUsed     uint64 `blds:"unit=byte"`

	// CPUs, Disks and Nets say how many entries of the tables below are valid.
	CPUs  uint32
	Disks uint32
	Nets  uint32
	_     [4]byte

	// CPU is the busy share of each core.
	CPU  [128]float32 `blds:"unit=percent"`
	Disk [8]Disk
	Net  [8]Net
}

// Disk is one mounted file system and the traffic of its device.
type Disk struct {
	Mount     [64]byte `blds:"string"`
	Total     uint64   `blds:"unit=byte"`
	Used      uint64   `blds:"unit=byte"`
	ReadRate  float64  `blds:"unit=byte/s"`
	WriteRate float64  `blds:"unit=byte/s"`
}

// Net is one network interface.
type Net struct {
	Name     [16]byte `blds:"string"`
	RecvRate float64  `blds:"unit=byte/s"`
	SendRate float64  `blds:"unit=byte/s"`
}
