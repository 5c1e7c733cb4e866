package framing

// What tests of the codec look at besides.
var (
	AppendHeader = appendHeader
)
