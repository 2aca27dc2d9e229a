package main

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/sigstore/fulcio/pkg/config"
)

const audience = "sigstore"

// Two OpenID providers that Fulcio knows: /people, whose subjects are e-mail addresses, and /workflows, which speaks as
// GitHub Actions does. POST /token to one and it signs the claims that it is sent.
func addIdentityProviders(services *http.ServeMux, base string) ([]config.OIDCIssuer, error) {
	kinds := map[string]config.IssuerType{"/people": config.IssuerTypeEmail, "/workflows": config.IssuerTypeGithubWorkflow}
	issuers := []config.OIDCIssuer{}
	for path, kind := range kinds {
		issuer := base + path
		if err := addIdentityProvider(services, path, issuer); err != nil {
			return nil, err
		}
		issuers = append(issuers, config.OIDCIssuer{IssuerURL: issuer, ClientID: audience, Type: kind})
	}
	return issuers, nil
}

func addIdentityProvider(services *http.ServeMux, path, issuer string) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		return err
	}
	services.HandleFunc("GET "+path+"/.well-known/openid-configuration", func(answer http.ResponseWriter, _ *http.Request) {
		writeJSON(answer, http.StatusOK, map[string]any{
			"issuer":                                issuer,
			"jwks_uri":                              issuer + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	services.HandleFunc("GET "+path+"/keys", func(answer http.ResponseWriter, _ *http.Request) {
		writeJSON(answer, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public()}}})
	})
	services.HandleFunc("POST "+path+"/token", func(answer http.ResponseWriter, request *http.Request) {
		claims := map[string]any{"iss": issuer, "aud": audience, "exp": time.Now().Add(5 * time.Minute).Unix()}
		err := json.NewDecoder(request.Body).Decode(&claims)
		if err != nil {
			refuse(answer, err)
			return
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			refuse(answer, err)
			return
		}
		_, _ = answer.Write([]byte(token))
	})
	return nil
}

func writeJSON(answer http.ResponseWriter, status int, value any) {
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(status)
	_ = json.NewEncoder(answer).Encode(value)
}

func refuse(answer http.ResponseWriter, err error) {
	writeJSON(answer, http.StatusBadRequest, map[string]any{"code": http.StatusBadRequest, "message": err.Error()})
}
