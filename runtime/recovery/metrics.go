package recovery

import (
	"fmt"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
)

// Metrics returns the metrics of a target; those of a dump are of the time it was
// taken. It changes nothing.
func Metrics(target string, o Options) (datablock.Metrics, error) {
	return with(target, o, (*Block).Metrics)
}

// Metrics is the method of [Metrics].
func (b *Block) Metrics() (datablock.Metrics, error) { return datablock.MetricsOfSegment(b.seg) }

// ResetMetrics makes the counters of a channel begin again at 0 for everybody, see
// [datablock.ResetMetricsOf]. A dump has none to reset: [ErrReadOnly].
func ResetMetrics(target string, o Options) error {
	if segment.IsDump(target) {
		return fmt.Errorf("reset metrics of %s: %w", target, ErrReadOnly)
	}
	if o.DryRun {
		return nil
	}
	opts := []datablock.Option{datablock.Root(o.Root)}
	if o.AllowForeign {
		opts = append(opts, datablock.AllowForeign())
	}
	if err := datablock.ResetMetricsOf(target, opts...); err != nil {
		return err
	}
	o.logger().Info("metrics reset", "channel", target)
	return nil
}
