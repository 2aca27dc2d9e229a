package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	entryv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/entry/v1"
	"github.com/spiffe/spire-api-sdk/proto/spire/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// agent is a SPIFFE agent as its workloads see it; this process has the identity /workload there.
type agent struct {
	socket    string
	entries   entryv1.EntryClient
	parent    string
	streams   []*grpc.ClientConn
	audiences atomic.Int64
}

func (a *agent) dial() (*grpc.ClientConn, workload.SpiffeWorkloadAPIClient, error) {
	connection, err := grpc.NewClient("unix:"+a.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, nil, err
	}
	return connection, workload.NewSpiffeWorkloadAPIClient(connection), nil
}

func asWorkload(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "workload.spiffe.io", "true")
}

func (a *agent) openStreams(ctx context.Context, count int) error {
	var group sync.WaitGroup
	failures := make(chan error, count)
	for range count {
		connection, client, err := a.dial()
		if err != nil {
			return err
		}
		a.streams = append(a.streams, connection)
		group.Go(func() { failures <- first(ctx, client) })
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// first waits for the first message of a stream, which stays open and is read on.
func first(ctx context.Context, client workload.SpiffeWorkloadAPIClient) error {
	stream, err := client.FetchX509SVID(asWorkload(ctx), &workload.X509SVIDRequest{})
	if err != nil {
		return err
	}
	if _, err := stream.Recv(); err != nil {
		return err
	}
	go func() {
		for _, err := stream.Recv(); err == nil; _, err = stream.Recv() {
		}
	}()
	return nil
}

func (a *agent) closeStreams() {
	for _, connection := range a.streams {
		connection.Close()
	}
	a.streams = nil
}

// latency creates entries for this process at random moments within the time, and says how long after its creation was
// answered each is on a stream that was open all the time.
func (a *agent) latency(ctx context.Context, count int, within time.Duration) (answer, error) {
	connection, client, err := a.dial()
	if err != nil {
		return answer{}, err
	}
	defer connection.Close()
	stream, err := client.FetchX509SVID(asWorkload(ctx), &workload.X509SVIDRequest{})
	if err != nil {
		return answer{}, err
	}
	seen := newSightings(count)
	go seen.read(stream)
	created, ids, err := a.createAtRandom(ctx, count, within)
	defer a.entries.BatchDeleteEntry(ctx, &entryv1.BatchDeleteEntryRequest{Ids: ids})
	if err != nil {
		return answer{}, err
	}
	took := []float64{}
	for id, at := range created {
		when, err := seen.of(id)
		if err != nil {
			return answer{}, err
		}
		took = append(took, float64(when.Sub(at).Microseconds())/1000)
	}
	slices.Sort(took)
	return answer{P50: took[len(took)/2], Max: took[len(took)-1]}, nil
}

// createAtRandom answers when the creation of each was answered, by SPIFFE ID, and the entries' own IDs.
func (a *agent) createAtRandom(ctx context.Context, count int, within time.Duration) (map[string]time.Time, []string, error) {
	moments := make([]time.Duration, count)
	for i := range moments {
		moments[i] = rand.N(within)
	}
	slices.Sort(moments)
	created, all := map[string]time.Time{}, []string{}
	started := time.Now()
	for i, moment := range moments {
		time.Sleep(time.Until(started.Add(moment)))
		path := fmt.Sprintf("/late/%d/%d", started.UnixMilli(), i)
		ids, err := create(ctx, a.entries, []*types.Entry{newEntry(path, a.parent, fmt.Sprintf("uid:%d", os.Getuid()))})
		if err != nil {
			return nil, all, err
		}
		created["spiffe://"+trustDomain+path] = time.Now()
		all = append(all, ids...)
	}
	return created, all, nil
}

// sightings are the moments at which SPIFFE IDs were first on a stream.
type sightings struct {
	mutex  sync.Mutex
	at     map[string]time.Time
	failed error
}

func newSightings(count int) *sightings {
	return &sightings{at: make(map[string]time.Time, count)}
}

func (s *sightings) read(stream workload.SpiffeWorkloadAPI_FetchX509SVIDClient) {
	for {
		message, err := stream.Recv()
		now := time.Now()
		s.mutex.Lock()
		s.failed = err
		for _, svid := range message.GetSvids() {
			if _, known := s.at[svid.SpiffeId]; !known {
				s.at[svid.SpiffeId] = now
			}
		}
		s.mutex.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *sightings) of(id string) (time.Time, error) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		s.mutex.Lock()
		at, known, failed := s.at[id], !s.at[id].IsZero(), s.failed
		s.mutex.Unlock()
		if known || failed != nil {
			return at, failed
		}
	}
	return time.Time{}, errors.New(id + " did not come within 30 s")
}

func (a *agent) fetchJWTSVIDs(ctx context.Context, c command) (answer, error) {
	connection, client, err := a.dial()
	if err != nil {
		return answer{}, err
	}
	defer connection.Close()
	rate, err := repeatFor(c, func(int64) error {
		audience := "bench"
		if c.Fresh {
			audience = fmt.Sprintf("bench-%d", a.audiences.Add(1))
		}
		request := &workload.JWTSVIDRequest{Audience: []string{audience}, SpiffeId: "spiffe://" + trustDomain + "/workload"}
		_, err := client.FetchJWTSVID(asWorkload(ctx), request)
		return err
	})
	return answer{PerSecond: rate}, err
}
