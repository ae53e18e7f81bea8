package schema

// Codes of channels. Package layout reports them for both front ends.
const (
	CodeChannelMissing   Code = "BLDS0501" // a required policy is not given
	CodeChannelCapacity  Code = "BLDS0502" // a capacity beside single or double
	CodeChannelRange     Code = "BLDS0503" // a number of a channel is out of its range
	CodeChannelSync      Code = "BLDS0504" // policy and sync contradict each other
	CodeChannelReaders   Code = "BLDS0505" // single_reader with more than one consumer
	CodeChannelPage      Code = "BLDS0506" // a page size that is neither 4k nor 2m
	CodeChannelChecksum  Code = "BLDS0507" // checksum and checksum_type contradict each other
	CodeChannelFlexMode  Code = "BLDS0508" // a flex_mode without a flexible zone
	CodeChannelFlex      Code = "BLDS0509" // the flexible zone is no schema of the same package
	CodeChannelFlexOwner Code = "BLDS0510" // the flexible zone's schema has a channel of its own
	CodeChannelAtomic    Code = "BLDS0511" // a slot has atomic fields
)
