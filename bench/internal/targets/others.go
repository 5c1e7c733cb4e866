package targets

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// Each of these runs with one worker, its cheapest shape, without an access
// log, and waits an hour for a quiet connection.

const nginxConf = `daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  server {
    listen LISTEN;
    location / {
      proxy_pass http://UPSTREAM;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_buffer_size BUFFER;
      proxy_buffers 8 BUFFER;
      proxy_busy_buffers_size BUFFER;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`

const haproxyConf = `global
  nbthread 1
  maxconn 4000
defaults
  mode MODE
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend clients
  bind LISTEN
RULES
  default_backend upstream
backend upstream
  server upstream UPSTREAM
`

// haproxyRules verify signature, algorithm and expiry, take the token out and
// name the user: what the others in those rows do as well.
const haproxyRules = `  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str HS256 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"SECRET") 1 }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request set-header X-Sync-User-Id %[var(txn.bearer),jwt_payload_query('$.sub')]
  http-request del-header Authorization`

const caddyConf = `{
	admin off
	auto_https off
}
http://LISTEN {
	bind 127.0.0.1
	reverse_proxy UPSTREAM
}
`

// configure writes a configuration file with its words replaced.
func (l *Lab) configure(dir, text string, addr netip.AddrPort, words ...string) (path string, err error) {
	words = append(words, "DIR", dir, "LISTEN", addr.String(), "UPSTREAM", l.Upstream.String())
	path = filepath.Join(dir, "conf")
	return path, os.WriteFile(path, []byte(strings.NewReplacer(words...).Replace(text)), 0o600)
}

func nginx(buffer string) func(context.Context, *Lab, netip.AddrPort, string) (*Process, error) {
	return func(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
		path, err := l.configure(dir, nginxConf, addr, "BUFFER", buffer)
		if err != nil {
			return nil, err
		}
		return spawn(ctx, addr, dir, nil, "nginx", "-p", dir, "-c", path)
	}
}

func (l *Lab) haproxy(ctx context.Context, addr netip.AddrPort, dir, mode, rules string) (*Process, error) {
	path, err := l.configure(dir, strings.Replace(haproxyConf, "RULES\n", rules, 1), addr, "MODE", mode, "SECRET", l.secret)
	if err != nil {
		return nil, err
	}
	return spawn(ctx, addr, dir, nil, "haproxy", "-db", "-f", path)
}

func haproxyHTTP(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	return l.haproxy(ctx, addr, dir, "http", "")
}

func haproxyTCP(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	return l.haproxy(ctx, addr, dir, "tcp", "")
}

func haproxyJWT(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	return l.haproxy(ctx, addr, dir, "http", haproxyRules+"\n")
}

func caddy(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	path, err := l.configure(dir, caddyConf, addr)
	if err != nil {
		return nil, err
	}
	return spawn(ctx, addr, dir, []string{"XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, "caddy", "run", "--config", path, "--adapter", "caddyfile")
}
