package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pinkstar/schemas/apierror"
)

// readBody returns the body as it was sent, within its limits of size and time.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apierror.Error) {
	limit := g.cfg.Limits.BodyBytes
	tooLarge := &apierror.Error{
		Status: http.StatusRequestEntityTooLarge,
		Detail: fmt.Sprintf("the body is over %d bytes (limits.body_bytes); send smaller groups", limit),
	}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	// A recorder in a test has no connection to put a deadline on.
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.cfg.BodyTimeout)); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		return nil, &apierror.Error{Status: http.StatusBadRequest, Detail: "the connection is gone"}
	}
	size := max(r.ContentLength, 512)
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil:
		return nil, &apierror.Error{Status: http.StatusRequestTimeout, Detail: "the body did not arrive: " + err.Error()}
	}
	return buf.Bytes(), nil
}

// decompress undoes the content encoding, within its own limit: a few bytes
// can blow up to gigabytes.
func (g *Gateway) decompress(encoding string, body []byte) ([]byte, *apierror.Error) {
	limit := g.cfg.Limits.DecompressedBytes
	var in io.Reader
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, &apierror.Error{Status: http.StatusBadRequest, Detail: "the body is not gzip, as Content-Encoding says: " + err.Error()}
		}
		defer z.Close()
		in = z
	case "zstd":
		z, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(limit)+1<<20))
		if err != nil {
			return nil, &apierror.Error{Status: http.StatusBadRequest, Detail: "the body is not zstd, as Content-Encoding says: " + err.Error()}
		}
		defer z.Close()
		in = z
	default:
		return nil, &apierror.Error{Status: http.StatusUnsupportedMediaType, Detail: "Content-Encoding: only gzip and zstd can be undone"}
	}
	out, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case int64(len(out)) > limit || errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, &apierror.Error{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("the body is over %d bytes when decompressed (limits.decompressed_bytes)", limit),
		}
	case err != nil:
		return nil, &apierror.Error{Status: http.StatusBadRequest, Detail: "the body can't be decompressed: " + err.Error()}
	}
	return out, nil
}

// mediaType returns the type without its parameters, or a 415. No Content-Type
// at all is taken for JSON: several senders forget it.
func mediaType(snd *sender, header string) (string, *apierror.Error) {
	if header == "" {
		return "", nil
	}
	t, _, err := mime.ParseMediaType(header)
	ok := err == nil && (t == "application/json" || strings.HasSuffix(t, "+json") && !snd.onlyMedia)
	// What curl --data and many a script say when they are not told. Where the
	// type does not choose the format, it need not be right.
	ok = ok || t == "application/x-www-form-urlencoded" && !snd.onlyMedia
	for _, taken := range snd.mediaTypes {
		ok = ok || t == taken
	}
	if !ok {
		return "", &apierror.Error{
			Status: http.StatusUnsupportedMediaType,
			Detail: "Content-Type " + header + " is not taken here; send application/json",
		}
	}
	return t, nil
}
