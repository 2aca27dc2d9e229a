package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	delegated "github.com/spiffe/spire-api-sdk/proto/spire/api/agent/delegatedidentity/v1"
	"github.com/spiffe/spire-api-sdk/proto/spire/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// What a delegate is told on the admin socket: bundles and JWT-SVIDs once, then each update of the X.509-SVIDs.
func delegate(ctx context.Context, socket, selector, audience string) error {
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := delegated.NewDelegatedIdentityClient(conn)
	kind, value, _ := strings.Cut(selector, ":")
	selectors := []*types.Selector{{Type: kind, Value: value}}
	roots, err := x509Bundles(ctx, client)
	if err != nil {
		return err
	}
	if err := delegatedTokens(ctx, client, selectors, audience); err != nil {
		report("refused", err.Error())
	}
	stream, err := client.SubscribeToX509SVIDs(ctx, &delegated.SubscribeToX509SVIDsRequest{Selectors: selectors})
	if err != nil {
		return err
	}
	for {
		update, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := reportUpdate(update, roots); err != nil {
			return err
		}
	}
}

func x509Bundles(ctx context.Context, client delegated.DelegatedIdentityClient) (*x509bundle.Set, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.SubscribeToX509Bundles(ctx, &delegated.SubscribeToX509BundlesRequest{})
	if err != nil {
		return nil, err
	}
	update, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	set := x509bundle.NewSet()
	for name, der := range update.CaCertificates {
		certificates, err := x509.ParseCertificates(der)
		if err != nil {
			return nil, err
		}
		set.Add(x509bundle.FromX509Authorities(spiffeid.RequireTrustDomainFromString(name), certificates))
	}
	return set, nil
}

func delegatedTokens(
	ctx context.Context, client delegated.DelegatedIdentityClient, selectors []*types.Selector, audience string,
) error {
	answer, err := client.FetchJWTSVIDs(
		ctx, &delegated.FetchJWTSVIDsRequest{Audience: []string{audience}, Selectors: selectors})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.SubscribeToJWTBundles(ctx, &delegated.SubscribeToJWTBundlesRequest{})
	if err != nil {
		return err
	}
	update, err := stream.Recv()
	if err != nil {
		return err
	}
	set := jwtbundle.NewSet()
	for name, document := range update.Bundles {
		bundle, err := jwtbundle.Parse(spiffeid.RequireTrustDomainFromString(name), document)
		if err != nil {
			return err
		}
		set.Add(bundle)
	}
	ids := []string{}
	for _, token := range answer.Svids {
		svid, err := jwtsvid.ParseAndValidate(token.Token, set, []string{audience})
		if err != nil {
			return err
		}
		ids = append(ids, svid.ID.String())
	}
	slices.Sort(ids)
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"tokens": ids})
}

func reportUpdate(update *delegated.SubscribeToX509SVIDsResponse, roots *x509bundle.Set) error {
	svids := []string{}
	for _, one := range update.X509Svids {
		chain := slices.Concat(one.X509Svid.CertChain...)
		svid, err := x509svid.ParseRaw(chain, one.X509SvidKey)
		if err != nil {
			return err
		}
		id, _, err := x509svid.Verify(svid.Certificates, roots)
		if err != nil {
			return err
		}
		if expected := "spiffe://" + one.X509Svid.Id.TrustDomain + one.X509Svid.Id.Path; id.String() != expected {
			return fmt.Errorf("%s is called %s", id, expected)
		}
		if one.X509Svid.ExpiresAt != svid.Certificates[0].NotAfter.Unix() {
			return fmt.Errorf("%s does not expire when it says", id)
		}
		key := svid.PrivateKey.Public().(interface{ Equal(crypto.PublicKey) bool })
		if !key.Equal(svid.Certificates[0].PublicKey) {
			return fmt.Errorf("%s has the key of another", id)
		}
		svids = append(svids, id.String()+" "+one.X509Svid.Hint)
	}
	slices.Sort(svids)
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"svids": svids, "federatesWith": update.FederatesWith})
}
