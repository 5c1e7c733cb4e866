// Command bench measures what a WebSocket proxy costs, Syncward beside others,
// side by side in one run.
//
//	bench run -syncward PATH [-rounds N] [-quick] [-only NAMES] [-o FILE]
//	bench reading -syncward PATH [-rounds N]
//	bench render [-check] FILE DOCUMENT CHART
//	bench upstream | peer      (started by run)
//
// Everything stays on 127.0.0.1, and everything that it starts ends with it.
// It installs nothing (see the script install), and says of a missing peer
// that it is missing. Linux only.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/syncward/syncward/bench/internal/echo"
	"github.com/syncward/syncward/bench/internal/peers"
	"github.com/syncward/syncward/bench/internal/poll"
)

func main() {
	poll.RaiseFiles()
	// nginx and HAProxy are where Debian does not let ordinary users look.
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/local/sbin:/usr/sbin")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "run":
		return run(ctx, args)
	case "reading":
		return reading(ctx, args)
	case "render":
		return render(args)
	case "upstream":
		return upstream(args)
	case "peer":
		return peer(args)
	}
	return fmt.Errorf("bench: there is no command %q; there are run, reading, render, upstream and peer", name)
}

// upstream serves as the echo server.
func upstream(args []string) error {
	flags := flag.NewFlagSet("upstream", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:9001", "address")
	flags.Parse(args)
	addr, err := netip.ParseAddrPort(*listen)
	if err != nil {
		return err
	}
	listener, err := poll.Listen(addr)
	if err != nil {
		return err
	}
	return echo.Serve(listener)
}

// peer serves as one of the proxies of our own.
func peer(args []string) error {
	flags := flag.NewFlagSet("peer", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:9100", "address")
	to := flags.String("upstream", "127.0.0.1:9001", "address of the upstream")
	flags.Parse(args)
	serve, ok := peers.ByName(flags.Arg(0))
	if !ok {
		return fmt.Errorf("bench: there is no peer %q", flags.Arg(0))
	}
	listenAddr, err := netip.ParseAddrPort(*listen)
	if err != nil {
		return err
	}
	upstreamAddr, err := netip.ParseAddrPort(*to)
	if err != nil {
		return err
	}
	return serve(peers.Config{Listen: listenAddr, Upstream: upstreamAddr, Secret: []byte(os.Getenv("BENCH_SECRET"))})
}
