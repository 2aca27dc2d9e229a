package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// The trust anchors, called as the TUF targets of the public Sigstore are.
const (
	fulcioFile      = "fulcio_v1.crt.pem"
	rekorFile       = "rekor.pub"
	ctLogFile       = "ctfe.pub"
	trustedRootFile = "trusted_root.json"
)

// What verifiers trust, as files.
type trustAnchors struct{ folder string }

func (a trustAnchors) path(file string) string { return filepath.Join(a.folder, file) }

func (a trustAnchors) writeKey(file string, key crypto.PublicKey) error {
	encoded, err := cryptoutils.MarshalPublicKeyToPEM(key)
	if err != nil {
		return err
	}
	return os.WriteFile(a.path(file), encoded, 0o644)
}

func (a trustAnchors) writeCertificates(file string, chain []*x509.Certificate) error {
	encoded, err := cryptoutils.MarshalCertificatesToPEM(chain)
	if err != nil {
		return err
	}
	return os.WriteFile(a.path(file), encoded, 0o644)
}

// Publishes the anchors: as a trusted root, which cosign composes, and as TUF repositories, of which /tuf/ has the
// trusted root and /older-tuf/ an anchor a file, as SPIRE wants it.
func (a trustAnchors) publish(services *http.ServeMux, base string) error {
	const since = "start-time=2026-01-01T00:00:00Z"
	// In a process of its own, because cosign leaves its caller without os.Stdout.
	program, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(program, "cosign", "trusted-root", "create", "--out", a.path(trustedRootFile),
		"--fulcio", fmt.Sprintf("url=%s,certificate-chain=%s", base, a.path(fulcioFile)),
		"--rekor", fmt.Sprintf("url=%s,public-key=%s,%s", base, a.path(rekorFile), since),
		"--ctfe", fmt.Sprintf("url=%s/ct,public-key=%s,%s", base, a.path(ctLogFile), since))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cosign trusted-root create: %w: %s", err, output)
	}
	if err := addTUF(services, a, "tuf", map[string]string{trustedRootFile: "Unknown"}, true); err != nil {
		return err
	}
	files := map[string]string{fulcioFile: "Fulcio", rekorFile: "Rekor", ctLogFile: "CTFE"}
	return addTUF(services, a, "older-tuf", files, false)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
