package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
)

// A log that promises to publish each pre-certificate (RFC 6962 §4.2), which is all that Fulcio asks of one.
func addCTLog(services *http.ServeMux, anchors trustAnchors) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	if err := anchors.writeKey(ctLogFile, key.Public()); err != nil {
		return err
	}
	services.HandleFunc("POST /ct/ct/v1/add-pre-chain", func(answer http.ResponseWriter, request *http.Request) {
		var added ct.AddChainRequest
		err := json.NewDecoder(request.Body).Decode(&added)
		if err != nil {
			refuse(answer, err)
			return
		}
		promise, err := promiseCertificate(key, added.Chain)
		if err != nil {
			refuse(answer, err)
			return
		}
		writeJSON(answer, http.StatusOK, promise)
	})
	return nil
}

func promiseCertificate(key *ecdsa.PrivateKey, encoded [][]byte) (*ct.AddChainResponse, error) {
	chain := []ct.ASN1Cert{}
	for _, certificate := range encoded {
		chain = append(chain, ct.ASN1Cert{Data: certificate})
	}
	now := uint64(time.Now().UnixMilli())
	leaf, err := ct.MerkleTreeLeafFromRawChain(chain, ct.PrecertLogEntryType, now)
	if err != nil {
		return nil, err
	}
	unsigned := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, Timestamp: now}
	input, err := ct.SerializeSCTSignatureInput(unsigned, ct.LogEntry{Leaf: *leaf})
	if err != nil {
		return nil, err
	}
	signed, err := tls.CreateSignature(*key, tls.SHA256, input)
	if err != nil {
		return nil, err
	}
	encodedSignature, err := tls.Marshal(signed)
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(spki)
	return &ct.AddChainResponse{SCTVersion: ct.V1, ID: id[:], Timestamp: now, Signature: encodedSignature}, nil
}
