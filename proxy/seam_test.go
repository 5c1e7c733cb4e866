package proxy_test

import (
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// Likewise whether its clients open their instances one by one; without that
// whatever they open would pass.
func TestHocuspocusOpensDocumentsOneByOne(t *testing.T) {
	var p payload.Protocol = hocuspocus.New(hocuspocus.Options{})
	if _, ok := p.(interface {
		Denial(address, code string) (framing.Opcode, []byte)
	}); !ok {
		t.Error("hocuspocus.Protocol has no denial")
	}
}

// The proxy finds out by a type assertion whether a protocol's messages travel
// in HTTP bodies; a method that is missing would switch that off in silence.
func TestLiveStoreJudgesBodies(t *testing.T) {
	var p payload.Protocol = livestore.New(livestore.Options{})
	if _, ok := p.(interface {
		Body([]byte, payload.Bound) (payload.Found, error)
		InstanceHeader() string
	}); !ok {
		t.Error("livestore.Protocol does not judge HTTP bodies")
	}
}
