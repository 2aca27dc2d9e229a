package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// The trust domain's bundle as its endpoint serves it by https_spiffe, begun with the bundle in the file.
func fetchBundle(ctx context.Context, trustDomain, url, endpoint, file string) error {
	td, err := spiffeid.TrustDomainFromString(trustDomain)
	if err != nil {
		return err
	}
	endpointID, err := spiffeid.FromString(endpoint)
	if err != nil {
		return err
	}
	first, err := spiffebundle.Load(td, file)
	if err != nil {
		return err
	}
	bundle, err := federation.FetchBundle(ctx, td, url, federation.WithSPIFFEAuth(first.X509Bundle(), endpointID))
	if err != nil {
		return err
	}
	document, err := bundle.Marshal()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"bundle": string(document)})
}

// An endpoint by https_spiffe on a free port: the bundle of the identity that the Workload API gives.
func serveBundle(ctx context.Context, trustDomain string) error {
	td, err := spiffeid.TrustDomainFromString(trustDomain)
	if err != nil {
		return err
	}
	svids, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return err
	}
	bundles, err := workloadapi.NewBundleSource(ctx)
	if err != nil {
		return err
	}
	handler, err := federation.NewHandler(td, bundles)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	report("listening", listener.Addr().String())
	server := http.Server{Handler: handler, TLSConfig: tlsconfig.TLSServerConfig(svids)}
	return server.ServeTLS(listener, "", "")
}
