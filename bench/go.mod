module github.com/syncward/syncward/bench

go 1.26.0

require (
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/koding/websocketproxy v0.0.0-20181220232114-7ed82d81a28c
	golang.org/x/sys v0.49.0
)

require github.com/gorilla/websocket v1.5.3 // indirect
