package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites what is generated from the code instead of comparing it.
var update = flag.Bool("update", false, "rewrite generated files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"syncward": main})
}

// The command line is held by scripts, each of which begins by saying what it
// shows.
func TestCommandLineScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"upstream": startUpstream,
			"legacy":   startLegacy,
			"freeport": freePort,
			"await":    awaitAnswer,
		},
	})
}

// startUpstream: upstream VAR. Something that accepts TCP connections until
// the script is over; its address is in VAR.
func startUpstream(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	ts.Setenv(args[0], ln.Addr().String())
}

// startLegacy: legacy VAR. A WebSocket server that lets everybody in and echoes,
// until the script is over; its address is in VAR.
func startLegacy(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	s := &http.Server{Handler: echo(nil)}
	ts.Defer(func() { s.Close() })
	go s.Serve(ln)
	ts.Setenv(args[0], ln.Addr().String())
}

// freePort: freeport VAR. A loopback address that nobody listens on.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], ln.Addr().String())
	ts.Check(ln.Close())
}

// awaitAnswer: await URL STATUS [TEXT]. Waits until URL answers with STATUS and
// TEXT; ten seconds are the safety net.
func awaitAnswer(ts *testscript.TestScript, _ bool, args []string) {
	want := ""
	if len(args) > 2 {
		want = args[2]
	}
	last := "no answer"
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(args[0])
		if err != nil {
			continue
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if last = fmt.Sprint(res.StatusCode); last == args[1] && strings.Contains(string(body), want) {
			return
		}
	}
	ts.Fatalf("%s: want %s %q, last answer: %s", args[0], args[1], want, last)
}
