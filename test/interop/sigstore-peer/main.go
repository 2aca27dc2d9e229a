// Command sigstore-peer is Sigstore and SPIRE on a command line, for the interop tests.
//
//	sigstore-peer serve FOLDER     registries, Fulcio, a CT log and Rekor on free ports of loopback, until it is killed; what
//	                               verifiers trust goes into the folder, addresses are printed
//	sigstore-peer push REPOSITORY  pushes an image that nobody has seen before and prints its reference
//	sigstore-peer verify IMAGE     verifies as SPIRE's docker attestor does, with the keys of its block "sigstore" as JSON on
//	                               standard input, and prints the values of the selectors
//	sigstore-peer cosign ARGS…     is cosign
//
// What it prints is JSON, one object a line. Cosign's command line, Fulcio's API server and certificate authority, Rekor's
// entry types, the registry, TUF and SPIRE's verifier are the projects' own code, unmodified. Ours are the two logs, which
// keep their entries in memory, and the OpenID providers that Fulcio asks.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/hashicorp/go-hclog"
	cosign "github.com/sigstore/cosign/v3/cmd/cosign/cli"
	"github.com/spiffe/spire/pkg/agent/common/sigstore"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 2 && args[0] == "push":
		return push(ctx, args[1])
	case len(args) == 2 && args[0] == "verify":
		return verify(ctx, args[1])
	case len(args) >= 1 && args[0] == "cosign":
		command := cosign.New()
		command.SetArgs(args[1:])
		return command.ExecuteContext(ctx)
	default:
		return fmt.Errorf("usage: sigstore-peer COMMAND ARGUMENT…; main.go begins with the list")
	}
}

func push(ctx context.Context, repository string) error {
	target, err := name.NewRepository(repository)
	if err != nil {
		return err
	}
	image, err := random.Image(1024, 1)
	if err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	reference := target.Digest(digest.String())
	if err := remote.Write(reference, image, remote.WithContext(ctx)); err != nil {
		return err
	}
	return report(map[string]any{"image": reference.String()})
}

// TUF_ROOT names the folder of "cosign initialize", and with it what SPIRE trusts. SIGSTORE_REKOR_PUBLIC_KEY and
// SIGSTORE_CT_LOG_PUBLIC_KEY_FILE name other keys of the logs.
func verify(ctx context.Context, image string) error {
	var settings sigstore.HCLConfig
	if err := json.NewDecoder(os.Stdin).Decode(&settings); err != nil {
		return err
	}
	log := hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Warn})
	verifier := sigstore.NewVerifier(sigstore.NewConfigFromHCL(&settings, log))
	if err := verifier.Init(ctx); err != nil {
		return err
	}
	selectors, err := verifier.Verify(ctx, image)
	if err != nil {
		return err
	}
	return report(map[string]any{"selectors": selectors})
}

func report(value map[string]any) error { return json.NewEncoder(os.Stdout).Encode(value) }
