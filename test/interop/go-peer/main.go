// Command go-peer is go-spiffe on a command line, for the interop tests: what it prints is JSON, one object a line.
//
//	go-peer watch                each X.509 context of the Workload API, until it is killed
//	go-peer serve ID             a TLS server on a free port that lets ID in and says hello
//	go-peer call ADDR ID         a TLS client of a server that must be ID
//	go-peer grpc-serve ID        a gRPC server on a free port, with the health service for ID
//	go-peer grpc-call ADDR ID    a call of the health service of a server that must be ID
//	go-peer jwt AUDIENCE         JWT-SVIDs as go-spiffe and the Workload API validate them, then each set of JWT bundles
//	go-peer jwt-check AUDIENCE TOKEN
//	                             whose JWT-SVID it is, as go-spiffe and the Workload API find
//	go-peer bundles              each set of X.509 bundles, without asking for an X.509-SVID
//	go-peer bundle-fetch TD URL ID FILE
//	                             the bundle that the endpoint ID serves, begun with the bundle in the file
//	go-peer bundle-serve TD      a bundle endpoint on a free port
//	go-peer delegate SOCKET SELECTOR AUDIENCE
//	                             what a delegate is told on an agent's admin socket, by SPIRE's API SDK
//
// SPIFFE_ENDPOINT_SOCKET says where the Workload API is.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "watch":
		return workloadapi.WatchX509Context(ctx, watcher{})
	case len(args) == 2 && args[0] == "serve":
		return serve(ctx, args[1])
	case len(args) == 3 && args[0] == "call":
		return call(ctx, args[1], args[2])
	case len(args) == 2 && args[0] == "grpc-serve":
		return serveGRPC(ctx, args[1])
	case len(args) == 3 && args[0] == "grpc-call":
		return callGRPC(ctx, args[1], args[2])
	case len(args) == 2 && args[0] == "jwt":
		return jwt(ctx, args[1])
	case len(args) == 3 && args[0] == "jwt-check":
		return checkToken(ctx, args[1], args[2])
	case len(args) == 1 && args[0] == "bundles":
		return workloadapi.WatchX509Bundles(ctx, bundleWatcher{})
	case len(args) == 5 && args[0] == "bundle-fetch":
		return fetchBundle(ctx, args[1], args[2], args[3], args[4])
	case len(args) == 2 && args[0] == "bundle-serve":
		return serveBundle(ctx, args[1])
	case len(args) == 4 && args[0] == "delegate":
		return delegate(ctx, args[1], args[2], args[3])
	default:
		return fmt.Errorf("usage: go-peer COMMAND ARGUMENT…; main.go begins with the list")
	}
}

type watcher struct{}

func (watcher) OnX509ContextUpdate(x *workloadapi.X509Context) {
	ids := []string{}
	serials := []string{}
	for _, svid := range x.SVIDs {
		if _, _, err := x509svid.Verify(svid.Certificates, x.Bundles); err != nil {
			report("error", err.Error())
			return
		}
		ids = append(ids, svid.ID.String())
		serials = append(serials, svid.Certificates[0].SerialNumber.String())
	}
	domains := []string{}
	for _, bundle := range x.Bundles.Bundles() {
		domains = append(domains, bundle.TrustDomain().Name())
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"ids": ids, "serials": serials, "bundles": domains})
}

func (watcher) OnX509ContextWatchError(err error) { report("error", err.Error()) }

type bundleWatcher struct{}

func (bundleWatcher) OnX509BundlesUpdate(set *x509bundle.Set) {
	authorities := map[string]int{}
	for _, bundle := range set.Bundles() {
		authorities[bundle.TrustDomain().Name()] = len(bundle.X509Authorities())
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"authorities": authorities})
}

func (bundleWatcher) OnX509BundlesWatchError(err error) { report("error", err.Error()) }

func serve(ctx context.Context, allowed string) error {
	id, err := spiffeid.FromString(allowed)
	if err != nil {
		return err
	}
	listener, err := spiffetls.Listen(ctx, "tcp", "127.0.0.1:0", tlsconfig.AuthorizeID(id))
	if err != nil {
		return err
	}
	report("listening", listener.Addr().String())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go greet(conn)
	}
}

func greet(conn net.Conn) {
	defer conn.Close()
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		report("refused", err.Error())
		return
	}
	peer, err := spiffetls.PeerIDFromConn(conn)
	if err != nil {
		report("refused", err.Error())
		return
	}
	report("served", peer.String())
}

func call(ctx context.Context, addr, expected string) error {
	id, err := spiffeid.FromString(expected)
	if err != nil {
		return err
	}
	conn, err := spiffetls.Dial(ctx, "tcp", addr, tlsconfig.AuthorizeID(id))
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	report("answer", string(answer))
	return nil
}

func report(key, value string) {
	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{key: value})
}
