package main

import (
	"context"
	"net"

	"github.com/spiffe/go-spiffe/v2/spiffegrpc/grpccredentials"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// The health service on a free port, for callers that are the ID.
func serveGRPC(ctx context.Context, allowed string) error {
	id, source, err := identity(ctx, allowed)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(
		grpc.Creds(grpccredentials.MTLSServerCredentials(source, source, tlsconfig.AuthorizeID(id))),
		grpc.UnaryInterceptor(reportCaller),
	)
	healthpb.RegisterHealthServer(server, health.NewServer())
	report("listening", listener.Addr().String())
	return server.Serve(listener)
}

func reportCaller(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if peer, ok := grpccredentials.PeerIDFromContext(ctx); ok {
		report("served", peer.String())
	}
	return handle(ctx, req)
}

// One call of the health service of a server that must be the ID.
func callGRPC(ctx context.Context, addr, expected string) error {
	id, source, err := identity(ctx, expected)
	if err != nil {
		return err
	}
	creds := grpccredentials.MTLSClientCredentials(source, source, tlsconfig.AuthorizeID(id))
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return err
	}
	report("answer", answer.GetStatus().String())
	return nil
}

func identity(ctx context.Context, peer string) (spiffeid.ID, *workloadapi.X509Source, error) {
	id, err := spiffeid.FromString(peer)
	if err != nil {
		return spiffeid.ID{}, nil, err
	}
	source, err := workloadapi.NewX509Source(ctx)
	return id, source, err
}
