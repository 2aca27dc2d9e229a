package main

import (
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	registryUser     = "puller"
	registryPassword = "secret of the puller"
	registryToken    = "token-of-the-puller"
)

// A way into the registry: what it asks for credentials with, %s standing for its address, and what it then lets in.
type door struct{ challenge, authorization string }

// One storage of images behind three doors: open to everybody, by HTTP Basic, and by tokens as Docker's registries give
// them. Everything else is one HTTP server, a service a path.
func serve(folder string) error {
	services := http.NewServeMux()
	base, err := listen(services)
	if err != nil {
		return err
	}
	registries, err := serveRegistries()
	if err != nil {
		return err
	}
	anchors := trustAnchors{folder}
	issuers, err := addIdentityProviders(services, base)
	if err != nil {
		return err
	}
	if err := addCTLog(services, anchors); err != nil {
		return err
	}
	if err := addRekor(services, anchors, strings.TrimPrefix(base, "http://")); err != nil {
		return err
	}
	if err := addFulcio(services, anchors, base+"/ct", issuers); err != nil {
		return err
	}
	if err := anchors.publish(services, base); err != nil {
		return err
	}
	credentials := map[string]string{"username": registryUser, "password": registryPassword}
	if err := report(map[string]any{"services": base, "registries": registries, "credentials": credentials}); err != nil {
		return err
	}
	select {}
}

func serveRegistries() (map[string]string, error) {
	images := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	credentials := base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + registryPassword))
	doors := map[string]door{
		"open":   {},
		"basic":  {`Basic realm="images"`, "Basic " + credentials},
		"bearer": {`Bearer realm="http://%s/token",service="images"`, "Bearer " + registryToken},
	}
	addresses := map[string]string{}
	for name, door := range doors {
		url, err := listen(door.to(images))
		if err != nil {
			return nil, err
		}
		addresses[name] = strings.TrimPrefix(url, "http://")
	}
	return addresses, nil
}

func listen(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { log.Fatal(http.Serve(listener, handler)) }()
	return "http://" + listener.Addr().String(), nil
}

func (d door) to(images http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /token", giveRegistryToken)
	mux.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		if d.challenge != "" && request.Header.Get("Authorization") != d.authorization {
			challenge := strings.ReplaceAll(d.challenge, "%s", request.Host)
			answer.Header().Set("WWW-Authenticate", challenge)
			answer.WriteHeader(http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(answer, request)
	})
	return mux
}

func giveRegistryToken(answer http.ResponseWriter, request *http.Request) {
	user, password, _ := request.BasicAuth()
	if user != registryUser || password != registryPassword {
		answer.WriteHeader(http.StatusUnauthorized)
		return
	}
	writeJSON(answer, http.StatusOK, map[string]any{"token": registryToken})
}
