package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func jwt(ctx context.Context, audience string) error {
	source, err := workloadapi.NewJWTSource(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	svids, err := source.FetchJWTSVIDs(ctx, jwtsvid.Params{Audience: audience})
	if err != nil {
		return err
	}
	for _, svid := range svids {
		if err := validate(ctx, svid, source, audience); err != nil {
			return err
		}
	}
	_, err = workloadapi.ValidateJWTSVID(ctx, svids[0].Marshal(), audience+"x")
	if err == nil {
		return fmt.Errorf("a token for another audience was found valid")
	}
	report("invalid", err.Error())
	return workloadapi.WatchJWTBundles(ctx, jwtWatcher{})
}

func validate(ctx context.Context, svid *jwtsvid.SVID, source *workloadapi.JWTSource, audience string) error {
	local, err := jwtsvid.ParseAndValidate(svid.Marshal(), source, []string{audience})
	if err != nil {
		return err
	}
	remote, err := workloadapi.ValidateJWTSVID(ctx, svid.Marshal(), audience)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"fetched": svid.ID.String(), "hint": svid.Hint, "local": local.ID.String(), "remote": remote.ID.String(),
		"audience": remote.Audience,
	})
}

// Whose JWT-SVID it is, as go-spiffe and the Workload API find.
func checkToken(ctx context.Context, audience, token string) error {
	source, err := workloadapi.NewJWTSource(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	local, err := jwtsvid.ParseAndValidate(token, source, []string{audience})
	if err != nil {
		return err
	}
	remote, err := workloadapi.ValidateJWTSVID(ctx, token, audience)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode([]string{local.ID.String(), remote.ID.String()})
}

type jwtWatcher struct{}

func (jwtWatcher) OnJWTBundlesUpdate(set *jwtbundle.Set) {
	keys := map[string]int{}
	for _, bundle := range set.Bundles() {
		keys[bundle.TrustDomain().Name()] = len(bundle.JWTAuthorities())
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"keys": keys})
}

func (jwtWatcher) OnJWTBundlesWatchError(err error) { report("error", err.Error()) }
