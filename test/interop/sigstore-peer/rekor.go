package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/http"
	"sync"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/go-openapi/runtime"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/rfc6962"
)

const (
	treeID = 1193050959916656506
	// The entries of an older, closed tree count in the index of an entry, and not in its inclusion proof.
	entriesBefore = 4_163_431
)

// Rekor's log (version 1) with its tree in memory: Rekor's own types check an entry and give its canonical form.
type transparencyLog struct {
	mutex  sync.Mutex
	leaves [][]byte
	signer signature.Signer
	id     string
	host   string
}

// Its host name is in its checkpoints, too.
func addRekor(services *http.ServeMux, anchors trustAnchors, host string) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	if err := anchors.writeKey(rekorFile, key.Public()); err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	signer, err := signature.LoadECDSASigner(key, crypto.SHA256)
	if err != nil {
		return err
	}
	id := sha256.Sum256(spki)
	log := &transparencyLog{signer: signer, id: hex.EncodeToString(id[:]), host: host}
	services.HandleFunc("POST /api/v1/log/entries", func(answer http.ResponseWriter, request *http.Request) {
		uuid, entry, err := log.add(request)
		if err != nil {
			refuse(answer, err)
			return
		}
		answer.Header().Set("ETag", uuid)
		writeJSON(answer, http.StatusCreated, models.LogEntry{uuid: *entry})
	})
	return nil
}

func (l *transparencyLog) add(request *http.Request) (string, *models.LogEntryAnon, error) {
	proposed, err := models.UnmarshalProposedEntry(request.Body, runtime.JSONConsumer())
	if err != nil {
		return "", nil, err
	}
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		return "", nil, err
	}
	body, err := types.CanonicalizeEntry(request.Context(), entry)
	if err != nil {
		return "", nil, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.leaves = append(l.leaves, rfc6962.DefaultHasher.HashLeaf(body))
	position := int64(len(l.leaves) - 1)
	signed, err := l.sign(request.Context(), body, entriesBefore+position)
	if err != nil {
		return "", nil, err
	}
	signed.Verification.InclusionProof, err = l.prove(request.Context(), position)
	if err != nil {
		return "", nil, err
	}
	uuid := fmt.Sprintf("%016x%x", treeID, l.leaves[position])
	return uuid, signed, nil
}

// The signed entry timestamp is over the canonical JSON of the entry.
func (l *transparencyLog) sign(ctx context.Context, body []byte, index int64) (*models.LogEntryAnon, error) {
	now := time.Now().Unix()
	entry := &models.LogEntryAnon{LogID: &l.id, LogIndex: &index, Body: body, IntegratedTime: &now}
	encoded, err := entry.MarshalBinary()
	if err != nil {
		return nil, err
	}
	canonical, err := jsoncanonicalizer.Transform(encoded)
	if err != nil {
		return nil, err
	}
	timestamp, err := l.signer.SignMessage(bytes.NewReader(canonical))
	if err != nil {
		return nil, err
	}
	entry.Verification = &models.LogEntryAnonVerification{SignedEntryTimestamp: timestamp}
	return entry, nil
}

func (l *transparencyLog) prove(ctx context.Context, position int64) (*models.InclusionProof, error) {
	size := int64(len(l.leaves))
	root := treeHash(l.leaves)
	encodedRoot := hex.EncodeToString(root)
	checkpoint, err := util.CreateAndSignCheckpoint(ctx, l.host, treeID, uint64(size), root, l.signer)
	if err != nil {
		return nil, err
	}
	text := string(checkpoint)
	hashes := []string{}
	for _, hash := range inclusionPath(l.leaves, int(position)) {
		hashes = append(hashes, hex.EncodeToString(hash))
	}
	return &models.InclusionProof{
		Checkpoint: &text, Hashes: hashes, LogIndex: &position, RootHash: &encodedRoot, TreeSize: &size,
	}, nil
}

// MTH of RFC 6962 §2.1.
func treeHash(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	split := splitPoint(len(leaves))
	return rfc6962.DefaultHasher.HashChildren(treeHash(leaves[:split]), treeHash(leaves[split:]))
}

// PATH of RFC 6962 §2.1.1.
func inclusionPath(leaves [][]byte, position int) [][]byte {
	if len(leaves) == 1 {
		return nil
	}
	split := splitPoint(len(leaves))
	if position < split {
		return append(inclusionPath(leaves[:split], position), treeHash(leaves[split:]))
	}
	return append(inclusionPath(leaves[split:], position-split), treeHash(leaves[:split]))
}

// The largest power of two below n.
func splitPoint(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }
