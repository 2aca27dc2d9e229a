// Command load puts the same load on any SPIFFE server and agent that speak SPIRE's API, and measures it. It reads
// commands from standard input and answers each on standard output, JSON objects, one a line:
//
//	{"do":"streams","count":1000}                          FetchX509SVID streams, each on a connection of its own, until "close"
//	{"do":"close"}
//	{"do":"latency","count":30,"ms":30000}                 entries at random moments: how soon each is on an open stream
//	{"do":"x509","size":10,"lanes":4,"ms":4000}            BatchNewX509SVID as an agent, over mutual TLS
//	{"do":"entries","size":50,"lanes":4,"count":5000}      BatchCreateEntry
//	{"do":"jwt","fresh":false,"lanes":8,"ms":4000}         FetchJWTSVID, of one audience or each of a new one
//
// An answer has "perSecond", "p50" and "max" in milliseconds, or "error".
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type command struct {
	Do    string `json:"do"`
	Count int    `json:"count"`
	Size  int    `json:"size"`
	Lanes int    `json:"lanes"`
	Ms    int    `json:"ms"`
	Fresh bool   `json:"fresh"`
}

type answer struct {
	PerSecond float64 `json:"perSecond,omitempty"`
	P50       float64 `json:"p50,omitempty"`
	Max       float64 `json:"max,omitempty"`
	Error     string  `json:"error,omitempty"`
}

func main() {
	admin := flag.String("admin", "", "the server's admin socket")
	address := flag.String("server", "", "the server's address")
	workload := flag.String("workload", "", "the agent's public socket")
	parent := flag.String("parent", "", "the path of entries' parent: the agent, or its alias")
	flag.Parse()
	server, err := newServer(*admin, *address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	agent := &agent{socket: *workload, entries: server.entries, parent: *parent}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		done, err := run(context.Background(), lines.Bytes(), server, agent)
		if err != nil {
			done.Error = err.Error()
		}
		if err := json.NewEncoder(os.Stdout).Encode(done); err != nil {
			os.Exit(1)
		}
	}
}

func run(ctx context.Context, line []byte, server *server, agent *agent) (answer, error) {
	var c command
	if err := json.Unmarshal(line, &c); err != nil {
		return answer{}, err
	}
	switch c.Do {
	case "streams":
		return answer{}, agent.openStreams(ctx, c.Count)
	case "close":
		agent.closeStreams()
		return answer{}, nil
	case "latency":
		return agent.latency(ctx, c.Count, time.Duration(c.Ms)*time.Millisecond)
	case "x509":
		return server.newX509SVIDs(ctx, c)
	case "entries":
		return server.createEntries(ctx, c)
	case "jwt":
		return agent.fetchJWTSVIDs(ctx, c)
	default:
		return answer{}, fmt.Errorf("unknown command %q", c.Do)
	}
}

// repeat runs work in so many lanes until it says that it is over, and answers how often a second; the first failure ends it.
func repeat(lanes int, over func(runs int64) bool, work func(run int64) error) (float64, error) {
	var group sync.WaitGroup
	var runs atomic.Int64
	failures := make(chan error, lanes)
	started := time.Now()
	for range lanes {
		group.Go(func() {
			for run := runs.Add(1); !over(run); run = runs.Add(1) {
				if err := work(run); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	done := runs.Load() - int64(lanes)
	return float64(done) / time.Since(started).Seconds(), <-failures
}

// repeatFor is repeat for so many milliseconds, after a fifth as many to get warm.
func repeatFor(c command, work func(run int64) error) (float64, error) {
	until := func(ms int) func(int64) bool {
		end := time.Now().Add(time.Duration(ms) * time.Millisecond)
		return func(int64) bool { return time.Now().After(end) }
	}
	if _, err := repeat(c.Lanes, until(c.Ms/5), work); err != nil {
		return 0, err
	}
	return repeat(c.Lanes, until(c.Ms), work)
}
