package proxy_test

import (
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
)

// The proxy finds out by a type assertion whether a protocol's messages travel
// in HTTP bodies; a method that is missing would switch that off in silence.
func TestLiveStoreJudgesBodies(t *testing.T) {
	var p framing.Protocol = livestore.New(livestore.Options{})
	if _, ok := p.(interface {
		Body([]byte, framing.Bound) (framing.Found, error)
		InstanceHeader() string
	}); !ok {
		t.Error("livestore.Protocol does not judge HTTP bodies")
	}
}
