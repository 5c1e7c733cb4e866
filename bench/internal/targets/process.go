package targets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a started target.
type Process struct {
	Addr string // host:port of its client side
	PID  int    // 0: there is no process in between (direct)
	cmd  *exec.Cmd
	log  string
}

// freeAddr returns a loopback address that nobody listens on.
func freeAddr() (netip.AddrPort, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer l.Close()
	return netip.ParseAddrPort(l.Addr().String())
}

// spawn starts a command in a process group of its own, its output in a file,
// and waits until addr accepts connections.
func spawn(ctx context.Context, addr netip.AddrPort, dir string, env []string, command ...string) (*Process, error) {
	output, err := os.Create(filepath.Join(dir, "output.log"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, output, output
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Addr: addr.String(), PID: cmd.Process.Pid, cmd: cmd, log: output.Name()}
	if err := p.ready(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// ready waits until the process accepts connections, at most 15 s.
func (p *Process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		conn, err := net.DialTimeout("tcp", p.Addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %w; it said: %s", errors.Join(err, context.Cause(ctx)), p.said())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// said returns the last of what the process wrote.
func (p *Process) said() []byte {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return nil
	}
	return text[max(0, len(text)-600):]
}

// Stop kills the process and its children, and waits for it. Nothing is
// measured of how a target ends.
func (p *Process) Stop() {
	if p.cmd == nil {
		return
	}
	syscall.Kill(-p.PID, syscall.SIGKILL) // gone already: Wait says so too
	p.cmd.Wait()
}
