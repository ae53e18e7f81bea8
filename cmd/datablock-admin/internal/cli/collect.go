package cli

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// A metric is one that export offers: of a channel, of a consumer, or of the host.
type metric[T any] struct {
	name  string
	kind  prometheus.ValueType
	help  string
	value func(*T) float64
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// Labels. All that belongs to a channel has the first, all that belongs to a
// consumer the first three.
var (
	channelLabels  = []string{"channel"}
	consumerLabels = []string{"channel", "cell", "consumer"}
)

var channelMetrics = []metric[datablock.Metrics]{
	{"datablock_commit_index", gauge, "Values committed since the block was made: the sequence number of the next one.", func(m *datablock.Metrics) float64 { return float64(m.CommitIndex) }},
	{"datablock_slots_written_total", counter, "Values that the producer committed.", func(m *datablock.Metrics) float64 { return float64(m.Written) }},
	{"datablock_bytes_written_total", counter, "Bytes of the values that were committed.", func(m *datablock.Metrics) float64 { return float64(m.BytesWritten) }},
	{"datablock_slots_read_total", counter, "Values that consumers read, all together.", func(m *datablock.Metrics) float64 { return float64(m.Read) }},
	{"datablock_bytes_read_total", counter, "Bytes of the values that consumers read, all together.", func(m *datablock.Metrics) float64 { return float64(m.BytesRead) }},
	{"datablock_slots_lost_total", counter, "Values that were overwritten or skipped before a consumer read them, all together.", func(m *datablock.Metrics) float64 { return float64(m.Lost) }},
	{"datablock_checksum_failures_total", counter, "Values that did not match their checksum when they were read.", func(m *datablock.Metrics) float64 { return float64(m.ChecksumFailures) }},
	{"datablock_writer_room_waits_total", counter, "Times the producer found the ring full.", func(m *datablock.Metrics) float64 { return float64(m.RoomWaits.Count) }},
	{"datablock_writer_room_wait_seconds_total", counter, "Time the producer waited because the ring was full.", func(m *datablock.Metrics) float64 { return m.RoomWaits.Time.Seconds() }},
	{"datablock_writer_lock_waits_total", counter, "Times the producer waited for a spinlock.", func(m *datablock.Metrics) float64 { return float64(m.LockWaits.Count) }},
	{"datablock_writer_lock_wait_seconds_total", counter, "Time the producer waited for spinlocks.", func(m *datablock.Metrics) float64 { return m.LockWaits.Time.Seconds() }},
	{"datablock_writer_drain_waits_total", counter, "Times the producer waited for consumers before it closed.", func(m *datablock.Metrics) float64 { return float64(m.DrainWaits.Count) }},
	{"datablock_writer_drain_wait_seconds_total", counter, "Time the producer waited for consumers before it closed.", func(m *datablock.Metrics) float64 { return m.DrainWaits.Time.Seconds() }},
	{"datablock_writer_timeouts_total", counter, "Waits of the producer that ended without success.", func(m *datablock.Metrics) float64 { return float64(m.Timeouts) }},
	{"datablock_writer_rescans_total", counter, "Times the producer looked at the consumers' cells.", func(m *datablock.Metrics) float64 { return float64(m.Rescans) }},
	{"datablock_writer_wakes_total", counter, "Times the producer woke consumers that slept.", func(m *datablock.Metrics) float64 { return float64(m.Wakes) }},
	{"datablock_writer_wakes_skipped_total", counter, "Values that were committed while nobody slept.", func(m *datablock.Metrics) float64 { return float64(m.WakesSkipped) }},
	{"datablock_evictions_total", counter, "Consumers that lost their place because they stalled.", func(m *datablock.Metrics) float64 { return float64(m.Evictions) }},
	{"datablock_detached_total", counter, "Consumers that lost their place because their cell held what no consumer writes.", func(m *datablock.Metrics) float64 { return float64(m.Detached) }},
	{"datablock_reclaimed_total", counter, "Places of dead consumers that were made free.", func(m *datablock.Metrics) float64 { return float64(m.Reclaimed) }},
	{"datablock_takeovers_total", counter, "Producers that went on where another one died or stopped.", func(m *datablock.Metrics) float64 { return float64(m.Takeovers) }},
	{"datablock_repairs_total", counter, "Repairs by recovery tools.", func(m *datablock.Metrics) float64 { return float64(m.Repairs) }},
	{"datablock_flex_updates_total", counter, "Updates of the flexible zone.", func(m *datablock.Metrics) float64 { return float64(m.FlexUpdates) }},
	{"datablock_schema_mismatches_total", counter, "Programs that were refused because they were compiled for another schema.", func(m *datablock.Metrics) float64 { return float64(m.SchemaMismatches) }},
	{producerName, gauge, producerHelp, func(m *datablock.Metrics) float64 { return flag(m.Producer.State == datablock.ProducerLive) }},
	{"datablock_producer_uptime_seconds", gauge, "Time since the present producer began, 0 without one.", func(m *datablock.Metrics) float64 { return m.Producer.Uptime.Seconds() }},
	{"datablock_producer_heartbeat_age_seconds", gauge, "Time since the producer last showed its counters.", func(m *datablock.Metrics) float64 { return m.Producer.HeartbeatAge.Seconds() }},
	{"datablock_consumers", gauge, "Consumers that are attached, alive or not found dead yet.", func(m *datablock.Metrics) float64 { return float64(attached(m)) }},
	{"datablock_max_lag_slots", gauge, "Values that the consumer furthest behind has not released.", func(m *datablock.Metrics) float64 { return float64(maxLag(m)) }},
}

var consumerMetrics = []metric[datablock.ConsumerMetrics]{
	{"datablock_consumer_attached", gauge, "1 while a consumer has the cell, alive or not found dead yet.", func(c *datablock.ConsumerMetrics) float64 { return flag(c.Attached) }},
	{"datablock_consumer_evicted", gauge, "1 while a consumer has lost its place and not joined again.", func(c *datablock.ConsumerMetrics) float64 { return flag(c.Evicted) }},
	{"datablock_consumer_lag_slots", gauge, "Values committed that the consumer has not released.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Lag) }},
	{"datablock_consumer_position", gauge, "Sequence number of what the consumer reads next.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Position) }},
	{"datablock_consumer_heartbeat_age_seconds", gauge, "Time since the consumer last showed its counters.", func(c *datablock.ConsumerMetrics) float64 { return c.HeartbeatAge.Seconds() }},
	{"datablock_consumer_slots_read_total", counter, "Values that consumers of this cell read.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Read) }},
	{"datablock_consumer_bytes_read_total", counter, "Bytes of the values that consumers of this cell read.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.BytesRead) }},
	{"datablock_consumer_slots_lost_total", counter, "Values that consumers of this cell lost.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Lost) }},
	{"datablock_consumer_retries_total", counter, "Times a value moved on while it was being taken.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Retries) }},
	{"datablock_consumer_waits_total", counter, "Times consumers of this cell waited for a value.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Waits.Count) }},
	{"datablock_consumer_wait_seconds_total", counter, "Time consumers of this cell waited for values.", func(c *datablock.ConsumerMetrics) float64 { return c.Waits.Time.Seconds() }},
	{"datablock_consumer_lock_waits_total", counter, "Times consumers of this cell waited for a spinlock.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.LockWaits.Count) }},
	{"datablock_consumer_lock_wait_seconds_total", counter, "Time consumers of this cell waited for spinlocks.", func(c *datablock.ConsumerMetrics) float64 { return c.LockWaits.Time.Seconds() }},
	{"datablock_consumer_timeouts_total", counter, "Waits of consumers of this cell that ended without a value.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Timeouts) }},
	{"datablock_consumer_wakes_total", counter, "Times consumers of this cell told the producer of room.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Wakes) }},
	{"datablock_consumer_checksum_failures_total", counter, "Values that did not match their checksum.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.ChecksumFailures) }},
	{"datablock_consumer_evictions_total", counter, "Times consumers of this cell lost their place.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Evictions) }},
	{"datablock_consumer_joins_total", counter, "Times a consumer joined through this cell.", func(c *datablock.ConsumerMetrics) float64 { return float64(c.Joins) }},
}

var blockMetrics = []metric[segment.Segment]{
	{"datablock_block_size_bytes", gauge, "Memory that the block takes.", func(s *segment.Segment) float64 { return float64(s.Size()) }},
	{"datablock_block_generation", gauge, "1 for a new block, one more for each replacement.", func(s *segment.Segment) float64 { return float64(s.Generation()) }},
	{"datablock_block_created_timestamp_seconds", gauge, "When the block was made.", func(s *segment.Segment) float64 { return float64(s.Header().CreatedNS) / 1e9 }},
	{"datablock_capacity_slots", gauge, "Values a consumer can fall behind.", func(s *segment.Segment) float64 { return float64(s.Plan().Capacity) }},
	{"datablock_max_consumers", gauge, "Consumers the channel has room for.", func(s *segment.Segment) float64 { return float64(s.Plan().Consumers) }},
}

var hostMetrics = []metric[disk.UsageStat]{
	{"datablock_memory_size_bytes", gauge, "Size of the file system that holds the blocks.", func(u *disk.UsageStat) float64 { return float64(u.Total) }},
	{"datablock_memory_free_bytes", gauge, "Free space of the file system that holds the blocks.", func(u *disk.UsageStat) float64 { return float64(u.Free) }},
}

// Metrics that are no row of a table, or that are also there without a block.
const (
	producerName = "datablock_producer_up"
	producerHelp = "1 while a producer holds the channel."

	upName    = "datablock_block_up"
	upHelp    = "1 if the block can be used, else 0 and the class of the error that says why not."
	infoName  = "datablock_block_info"
	infoHelp  = "1; what the block is stands in the labels."
	deadName  = "datablock_dead_consumers"
	deadHelp  = "Consumers that died and whose places are not free yet; among datablock_consumers."
	readyName = "datablock_exporter_up"
	readyHelp = "1 if the folder that holds the blocks could be read."
)

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func attached(m *datablock.Metrics) (n int) {
	for i := range m.Consumers {
		if m.Consumers[i].Attached {
			n++
		}
	}
	return n
}

func maxLag(m *datablock.Metrics) (n uint64) {
	for i := range m.Consumers {
		n = max(n, m.Consumers[i].Lag)
	}
	return n
}

// A sample is one value of a metric.
type sample struct {
	Name   string            `json:"name"`
	Type   string            `json:"type"`
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`

	desc   *prometheus.Desc
	kind   prometheus.ValueType
	values []string
}

// A collector takes the metrics of all channels anew each time. It keeps nothing
// in between, so calls may be concurrent.
type collector struct{ *app }

// Describe sends nothing: which metrics there are depends on the channels.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.samples() {
		out <- prometheus.MustNewConstMetric(s.desc, s.kind, s.Value, s.values...)
	}
}

func (c *collector) samples() []sample {
	var out samples
	names, err := c.channels()
	out.add(readyName, readyHelp, gauge, flag(err == nil), nil)
	if err != nil {
		c.note("%v", err)
		return out
	}
	if root, _, err := shm.Root(c.dir); err == nil {
		if u, err := disk.Usage(root); err == nil { // a folder that is not there yet has no figures
			addAll(&out, hostMetrics, u, nil)
		}
	}
	for _, name := range names {
		c.channel(&out, name)
	}
	return out
}

// channel takes the metrics of one channel.
func (c *collector) channel(out *samples, name string) {
	err := func() error {
		seg, err := c.observe(name)
		if err != nil {
			return err
		}
		defer seg.Close() // it was only read
		m, err := datablock.MetricsOfSegment(seg)
		if err != nil {
			return err
		}
		descriptor, err := seg.Descriptor(false)
		if err != nil {
			return err
		}
		s, err := canon.Decode([]byte(descriptor))
		if err != nil {
			return err
		}
		out.add(upName, upHelp, gauge, 1, []string{"channel", "class"}, name, "")
		h := seg.Header()
		out.add(infoName, infoHelp, gauge, 1, []string{"channel", "schema", "version", "policy", "sync"},
			name, s.ID, s.Version.String(), h.Policy.String(), h.Sync.String())
		addAll(out, blockMetrics, seg, channelLabels, name)
		addAll(out, channelMetrics, &m, channelLabels, name)
		dead := 0
		for i := range m.Consumers {
			k := &m.Consumers[i]
			if k.Attached && !seg.Host().CellAlive(k.Cell) {
				dead++
			}
			addAll(out, consumerMetrics, k, consumerLabels, name, strconv.Itoa(k.Cell), visible(k.Name))
		}
		out.add(deadName, deadHelp, gauge, float64(dead), channelLabels, name)
		return nil
	}()
	if errors.Is(err, segment.ErrEnded) {
		out.add(producerName, producerHelp, gauge, 0, channelLabels, name) // all that is left to tell
		return
	}
	if err != nil {
		if f := explain(err); f.Exit != exitNotFound { // it has gone meanwhile
			out.add(upName, upHelp, gauge, 0, []string{"channel", "class"}, name, f.Class)
		}
	}
}

type samples []sample

func (out *samples) add(name, help string, kind prometheus.ValueType, v float64, labels []string, values ...string) {
	s := sample{
		Name: name, Type: "gauge", Labels: map[string]string{}, Value: v,
		desc: prometheus.NewDesc(name, help, labels, nil), kind: kind, values: values,
	}
	if kind == counter {
		s.Type = "counter"
	}
	for i, l := range labels {
		s.Labels[l] = values[i]
	}
	*out = append(*out, s)
}

func addAll[T any](out *samples, metrics []metric[T], of *T, labels []string, values ...string) {
	for _, m := range metrics {
		out.add(m.name, m.help, m.kind, m.value(of), labels, values...)
	}
}
