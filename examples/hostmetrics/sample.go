package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
)

// A sampler reads the state of this machine. What it reads seldom changes
// (mounts, host name) is read once a second at most.
type sampler struct {
	host   string
	last   time.Time
	cpu    []cpu.TimesStat
	net    map[string]net.IOCountersStat
	disk   map[string]disk.IOCountersStat
	mounts []mount
	usage  time.Time // when mounts was read
}

type mount struct {
	path, device string
	total, used  uint64
}

func newSampler() (*sampler, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("host name: %w", err)
	}
	s := &sampler{host: host}
	// The first sample sets the counters that rates are computed from.
	return s, s.sample(new(Snapshot))
}

// sample fills every field of m.
func (s *sampler) sample(m *Snapshot) error {
	now := time.Now()
	span := now.Sub(s.last)
	if s.last.IsZero() {
		span = 0
	}
	s.last = now
	m.Taken, m.Interval = now.UnixNano(), span.Nanoseconds()
	m.SetHostTruncated(s.host)

	avg, err := load.Avg()
	if err != nil { // Windows has none at first
		avg = &load.AvgStat{}
	}
	m.Load1, m.Load5, m.Load15 = avg.Load1, avg.Load5, avg.Load15

	vm, err := mem.VirtualMemory()
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	m.MemTotal, m.MemUsed, m.MemAvailable = vm.Total, vm.Used, vm.Available
	m.SwapTotal, m.SwapUsed = vm.SwapTotal, vm.SwapTotal-vm.SwapFree

	if err := s.sampleCPU(m); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	if err := s.sampleNet(m, span); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if err := s.sampleDisk(m, now, span); err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	return nil
}

func (s *sampler) sampleCPU(m *Snapshot) error {
	times, err := cpu.Times(true)
	if err != nil {
		return err
	}
	m.CPUs = uint32(min(len(times), len(m.CPU)))
	clear(m.CPU[:])
	for i := range m.CPU[:m.CPUs] {
		if i >= len(s.cpu) {
			break
		}
		m.CPU[i] = busy(s.cpu[i], times[i])
	}
	s.cpu = times
	return nil
}

// busy returns the share of time, in percent, that a core did not idle between
// two readings.
func busy(a, b cpu.TimesStat) float32 {
	sum := func(t cpu.TimesStat) float64 {
		return t.User + t.System + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal + t.Idle
	}
	all := sum(b) - sum(a)
	idle := b.Idle + b.Iowait - a.Idle - a.Iowait
	if all <= 0 {
		return 0 // no tick since
	}
	return float32(min(max(100*(all-idle)/all, 0), 100))
}

func (s *sampler) sampleNet(m *Snapshot, span time.Duration) error {
	counters, err := net.IOCounters(true)
	if err != nil {
		return err
	}
	slices.SortFunc(counters, func(a, b net.IOCountersStat) int { return cmp.Compare(a.Name, b.Name) })
	last := s.net
	s.net = make(map[string]net.IOCountersStat, len(counters))
	for _, c := range counters {
		s.net[c.Name] = c
	}
	m.Nets = uint32(min(len(counters), len(m.Net)))
	clear(m.Net[:])
	for i, c := range counters[:m.Nets] {
		n, old := &m.Net[i], last[c.Name]
		n.SetNameTruncated(c.Name)
		n.RecvRate = rate(old.BytesRecv, c.BytesRecv, span)
		n.SendRate = rate(old.BytesSent, c.BytesSent, span)
	}
	return nil
}

func (s *sampler) sampleDisk(m *Snapshot, now time.Time, span time.Duration) error {
	if now.Sub(s.usage) >= time.Second {
		if err := s.readMounts(); err != nil {
			return err
		}
		s.usage = now
	}
	counters, err := disk.IOCounters()
	if err != nil {
		counters = nil // containers often hide the counters; the sizes are still true
	}
	last := s.disk
	s.disk = counters
	m.Disks = uint32(min(len(s.mounts), len(m.Disk)))
	clear(m.Disk[:])
	for i, mt := range s.mounts[:m.Disks] {
		d, old, c := &m.Disk[i], last[mt.device], counters[mt.device]
		d.SetMountTruncated(mt.path)
		d.Total, d.Used = mt.total, mt.used
		d.ReadRate = rate(old.ReadBytes, c.ReadBytes, span)
		d.WriteRate = rate(old.WriteBytes, c.WriteBytes, span)
	}
	return nil
}

func (s *sampler) readMounts() error {
	parts, err := disk.Partitions(false)
	if err != nil {
		return err
	}
	s.mounts = s.mounts[:0]
	for _, p := range parts {
		u, err := disk.Usage(p.Mountpoint)
		if err != nil || u.Total == 0 {
			continue // not ours to read, or no real file system
		}
		s.mounts = append(s.mounts, mount{p.Mountpoint, filepath.Base(p.Device), u.Total, u.Used})
	}
	return nil
}

// rate returns bytes per second between two readings of a counter; a counter
// that went backwards was reset and counts as no traffic.
func rate(a, b uint64, span time.Duration) float64 {
	if span <= 0 || b < a {
		return 0
	}
	return float64(b-a) / span.Seconds()
}
