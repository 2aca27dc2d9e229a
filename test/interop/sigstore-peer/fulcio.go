package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/fulcio/pkg/config"
	gateway "github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/server"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	virtual "github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/metadata"
)

// Fulcio's API server on Fulcio's certificate authority: an intermediate below a root, as the public one is.
func addFulcio(services *http.ServeMux, anchors trustAnchors, ctLog string, issuers []config.OIDCIssuer) error {
	root, rootKey, err := virtual.GenerateRootCa()
	if err != nil {
		return err
	}
	intermediate, key, err := virtual.GenerateFulcioIntermediate(root, rootKey)
	if err != nil {
		return err
	}
	chain := []*x509.Certificate{intermediate, root}
	if err := anchors.writeCertificates(fulcioFile, chain); err != nil {
		return err
	}
	settings, err := fulcioSettings(issuers)
	if err != nil {
		return err
	}
	algorithms, err := signature.NewAlgorithmRegistryConfig([]common.PublicKeyDetails{
		common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	})
	if err != nil {
		return err
	}
	log, err := ctclient.New(ctLog, http.DefaultClient, jsonclient.Options{})
	if err != nil {
		return err
	}
	authority := &baseca.BaseCA{SignerWithChain: &ca.SignerCerts{Signer: key, Certs: chain}}
	api := server.NewGRPCCAServer(log, authority, algorithms, server.NewIssuerPool(settings))
	mux := runtime.NewServeMux(runtime.WithMetadata(identityToken))
	if err := gateway.RegisterCAHandlerServer(context.Background(), mux, api); err != nil {
		return err
	}
	services.HandleFunc("/api/v2/", func(answer http.ResponseWriter, request *http.Request) {
		mux.ServeHTTP(answer, request.WithContext(config.With(request.Context(), settings)))
	})
	return nil
}

// Reading the settings asks each issuer for its keys.
func fulcioSettings(issuers []config.OIDCIssuer) (*config.FulcioConfig, error) {
	byURL := map[string]config.OIDCIssuer{}
	for _, issuer := range issuers {
		byURL[issuer.IssuerURL] = issuer
	}
	document, err := json.Marshal(config.FulcioConfig{OIDCIssuers: byURL})
	if err != nil {
		return nil, err
	}
	return config.Read(document)
}

func identityToken(_ context.Context, request *http.Request) metadata.MD {
	token := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	return metadata.Pairs(server.MetadataOIDCTokenKey, token)
}
