// Package datablock stands in for the runtime in tests of the generator: it has
// the names that generated code uses, and does nothing.
package datablock

import (
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

type (
	Schema = fixed.Schema
	Field  = fixed.Field
	Bool   = fixed.Bool
	Bit    = fixed.Bit

	Policy       = schema.Policy
	Sync         = schema.Sync
	FlexMode     = schema.FlexMode
	Checksum     = schema.Checksum
	ChecksumType = schema.ChecksumType
)

const (
	Single           = schema.Single
	Double           = schema.Double
	Ring             = schema.Ring
	LatestOnly       = schema.LatestOnly
	SingleReader     = schema.SingleReader
	SyncReaders      = schema.SyncReaders
	Overwrite        = schema.Overwrite
	DoubleBuffered   = schema.DoubleBuffered
	Shared           = schema.Shared
	ChecksumNone     = schema.ChecksumNone
	ChecksumManual   = schema.ChecksumManual
	ChecksumEnforced = schema.ChecksumEnforced
	CRC32C           = schema.CRC32C
	BLAKE3           = schema.BLAKE3
)

func Text(b []byte) []byte                             { return fixed.Text(b) }
func SetText(b []byte, s string) error                 { return fixed.SetText(b, s) }
func SetTextTruncated(b []byte, s string)              { fixed.SetTextTruncated(b, s) }
func Blob(b []byte, n uint32) []byte                   { return fixed.Blob(b, n) }
func SetBlob(b []byte, n *uint32, v []byte) error      { return fixed.SetBlob(b, n, v) }
func Unknown[T fixed.Integer](enum string, v T) string { return fixed.Unknown(enum, v) }
func FormatBits(v uint64, table []Bit) string          { return fixed.FormatBits(v, table) }

type Spec struct {
	Schema, Flex                  *Schema
	Policy                        Policy
	Sync                          Sync
	Capacity, Consumers, PageSize uint32
	FlexMode                      FlexMode
	Checksum                      Checksum
	ChecksumType                  ChecksumType
	Timestamp                     bool
	Spinlocks                     uint32
}

type (
	Option            func()
	Producer[T any]   struct{ Value T }
	Consumer[T any]   struct{ Value T }
	FlexWriter[F any] struct{ Value F }
	FlexReader[F any] struct{ Value F }
)

func Create[T any](s *Spec, name string, opts ...Option) (*Producer[T], error) {
	return new(Producer[T]), nil
}
func Attach[T any](s *Spec, name string, opts ...Option) (*Consumer[T], error) {
	return new(Consumer[T]), nil
}
func NewFlexWriter[F, T any](p *Producer[T]) *FlexWriter[F] { return new(FlexWriter[F]) }
func NewFlexReader[F, T any](c *Consumer[T]) *FlexReader[F] { return new(FlexReader[F]) }
