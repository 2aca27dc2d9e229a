package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	agentv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/agent/v1"
	bundlev1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/bundle/v1"
	entryv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/entry/v1"
	svidv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/svid/v1"
	"github.com/spiffe/spire-api-sdk/proto/spire/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

const trustDomain = "example.org"

// server is a SPIFFE server as its administrators see it, and as an agent of it does.
type server struct {
	admin   *grpc.ClientConn
	address string
	entries entryv1.EntryClient
	made    atomic.Int64
	signing *signing
}

// signing is what an agent asks with.
type signing struct {
	svids   svidv1.SVIDClient
	entryID string
	csr     []byte
}

func newServer(socket, address string) (*server, error) {
	admin, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return &server{admin: admin, address: address, entries: entryv1.NewEntryClient(admin)}, nil
}

func (s *server) createEntries(ctx context.Context, c command) (answer, error) {
	calls := int64(c.Count / c.Size)
	over := func(run int64) bool { return run > calls }
	rate, err := repeat(c.Lanes, over, func(int64) error {
		entries := make([]*types.Entry, c.Size)
		for i := range entries {
			number := s.made.Add(1)
			entries[i] = newEntry(fmt.Sprintf("/service/%d", number), fmt.Sprintf("/node/%d", number/100), fmt.Sprintf("uid:%d", number))
		}
		_, err := create(ctx, s.entries, entries)
		return err
	})
	return answer{PerSecond: rate * float64(c.Size)}, err
}

func (s *server) newX509SVIDs(ctx context.Context, c command) (answer, error) {
	if s.signing == nil {
		signing, err := s.join(ctx)
		if err != nil {
			return answer{}, err
		}
		s.signing = signing
	}
	params := make([]*svidv1.NewX509SVIDParams, c.Size)
	for i := range params {
		params[i] = &svidv1.NewX509SVIDParams{EntryId: s.signing.entryID, Csr: s.signing.csr}
	}
	rate, err := repeatFor(c, func(int64) error { return s.signing.sign(ctx, params) })
	return answer{PerSecond: rate * float64(c.Size)}, err
}

func (s *signing) sign(ctx context.Context, params []*svidv1.NewX509SVIDParams) error {
	response, err := s.svids.BatchNewX509SVID(ctx, &svidv1.BatchNewX509SVIDRequest{Params: params})
	if err != nil {
		return err
	}
	for _, result := range response.Results {
		if result.Status.Code != int32(codes.OK) {
			return errors.New(result.Status.Message)
		}
	}
	return nil
}

// join attests by token, and waits until an entry of its own is authorized: SPIRE looks for new ones every 5 s.
func (s *server) join(ctx context.Context) (*signing, error) {
	token, err := agentv1.NewAgentClient(s.admin).CreateJoinToken(ctx, &agentv1.CreateJoinTokenRequest{Ttl: 600})
	if err != nil {
		return nil, err
	}
	bundle, err := s.bundle(ctx)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	svid, err := s.attest(ctx, bundle, token.Value, csr, key)
	if err != nil {
		return nil, err
	}
	config := tlsconfig.MTLSClientConfig(svid, bundle, tlsconfig.AuthorizeMemberOf(bundle.TrustDomain()))
	connection, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	ids, err := create(ctx, s.entries, []*types.Entry{newEntry("/signed", svid.ID.Path(), "uid:1")})
	if err != nil {
		return nil, err
	}
	joined := &signing{svids: svidv1.NewSVIDClient(connection), entryID: ids[0], csr: csr}
	one := []*svidv1.NewX509SVIDParams{{EntryId: ids[0], Csr: csr}}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = joined.sign(ctx, one); err == nil || time.Now().After(deadline) {
			return joined, err
		}
	}
}

func (s *server) bundle(ctx context.Context) (*x509bundle.Bundle, error) {
	response, err := bundlev1.NewBundleClient(s.admin).GetBundle(ctx, &bundlev1.GetBundleRequest{})
	if err != nil {
		return nil, err
	}
	bundle := x509bundle.New(spiffeid.RequireTrustDomainFromString(trustDomain))
	for _, authority := range response.X509Authorities {
		certificate, err := x509.ParseCertificate(authority.Asn1)
		if err != nil {
			return nil, err
		}
		bundle.AddX509Authority(certificate)
	}
	return bundle, nil
}

func (s *server) attest(ctx context.Context, bundle *x509bundle.Bundle, token string, csr []byte, key crypto.Signer) (*x509svid.SVID, error) {
	config := tlsconfig.TLSClientConfig(bundle, tlsconfig.AuthorizeMemberOf(bundle.TrustDomain()))
	connection, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	stream, err := agentv1.NewAgentClient(connection).AttestAgent(ctx)
	if err != nil {
		return nil, err
	}
	data := &types.AttestationData{Type: "join_token", Payload: []byte(token)}
	params := &agentv1.AttestAgentRequest_Params{Data: data, Params: &agentv1.AgentX509SVIDParams{Csr: csr}}
	if err := stream.Send(&agentv1.AttestAgentRequest{Step: &agentv1.AttestAgentRequest_Params_{Params: params}}); err != nil {
		return nil, err
	}
	response, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	return svidOf(response.GetResult().GetSvid(), key)
}

func svidOf(answered *types.X509SVID, key crypto.Signer) (*x509svid.SVID, error) {
	var chain []byte
	for _, certificate := range answered.GetCertChain() {
		chain = append(chain, certificate...)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return x509svid.ParseRaw(chain, encoded)
}

func newEntry(path, parent, selector string) *types.Entry {
	return &types.Entry{
		SpiffeId:  &types.SPIFFEID{TrustDomain: trustDomain, Path: path},
		ParentId:  &types.SPIFFEID{TrustDomain: trustDomain, Path: parent},
		Selectors: []*types.Selector{{Type: "unix", Value: selector}},
	}
}

// create answers the IDs of the new entries.
func create(ctx context.Context, client entryv1.EntryClient, entries []*types.Entry) ([]string, error) {
	response, err := client.BatchCreateEntry(ctx, &entryv1.BatchCreateEntryRequest{Entries: entries})
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, result := range response.Results {
		if result.Status.Code != int32(codes.OK) {
			return nil, errors.New(result.Status.Message)
		}
		ids = append(ids, result.Entry.Id)
	}
	return ids, nil
}
