// Package legacy is a sync server from before there were users: rooms by
// instanceId, events in one order for all, replayed to whoever joins and
// acknowledged by id.
//
//	server := legacy.New(func(s legacy.Sighting) { … })
//	go http.Serve(listener, server)
//	defer server.Close()
//
// It knows no token and refuses nobody. Who an event is from it takes from one
// request header, as servers behind a proxy do; without that, from nobody. It
// keeps everything in memory, and not for ever.
//
// Messages are JSON objects in text frames:
//
//	client  {"type":"init","instanceId":"test-123","since":0}
//	server  {"type":"ready","instanceId":"test-123","userId":"alice","seq":1}
//	server  {"type":"event","seq":1,"userId":"bob","event":{"id":"e1",…}}
//	client  {"type":"event","event":{"id":"e2",…}}
//	server  {"type":"ack","ack":["e2"],"seq":2}
//	server  {"type":"error","message":"…"}
package legacy
