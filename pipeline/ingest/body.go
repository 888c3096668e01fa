package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pinkstar/schemas/apierror"
)

// firstBuffer is what a body gets before any of it is there: what the header
// says of its length is only a claim.
const firstBuffer = 4 << 10

// errOver says that a body is over its limit.
var errOver = errors.New("over the limit of bytes")

// readAll reads up to limit bytes, paying for the buffer before it grows.
func readAll(ctx context.Context, in io.Reader, limit int64, hint int64, s *share) ([]byte, error) {
	buf := []byte(nil)
	for {
		if len(buf) == cap(buf) {
			size := min(max(firstBuffer, int64(cap(buf))*2), limit+1)
			if hint > int64(cap(buf)) && hint < size { // all of it, and one byte to see its end
				size = hint + 1
			}
			if err := s.grow(ctx, size-int64(cap(buf))); err != nil {
				return nil, err
			}
			grown := make([]byte, len(buf), size)
			copy(grown, buf)
			buf = grown
		}
		n, err := in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, errOver
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}

// rateOver is how long a sender may be slower than limits.min_body_rate.
const rateOver = 5 * time.Second

// paced is a body that must come in at a minimum rate.
type paced struct {
	in      io.Reader
	control *http.ResponseController
	end     time.Time // all of it
	rate    int64     // bytes a second
	since   time.Time // the present period of rateOver
	got     int64     // in it
}

func (p *paced) Read(b []byte) (int, error) {
	deadline := p.since.Add(rateOver)
	if p.end.Before(deadline) {
		deadline = p.end
	}
	// A recorder in a test has no connection to put a deadline on.
	if err := p.control.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := p.in.Read(b)
	if p.got += int64(n); p.got >= p.rate*int64(rateOver/time.Second) {
		p.since, p.got = time.Now(), 0
	}
	return n, err
}

// readBody returns the body as it was sent, within its limits of size, time and
// rate.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request, s *share) ([]byte, *turnedAway) {
	limit := g.cfg.Limits.BodyBytes
	tooLarge := turnAway("too_large", http.StatusRequestEntityTooLarge,
		"the body is over %d bytes (gateway.limits.body_bytes); send smaller groups", limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	now := time.Now()
	in := &paced{in: r.Body, control: http.NewResponseController(w), end: now.Add(g.cfg.BodyTimeout), rate: g.cfg.MinBodyRate, since: now}
	body, err := readAll(r.Context(), in, limit, r.ContentLength, s)
	switch {
	case err == nil:
		// The deadline was for the body: what is read behind it, to see whether the
		// sender is still there, may take as long as the work.
		_ = in.control.SetReadDeadline(time.Time{})
		return body, nil
	case errors.Is(err, errSpent):
		return nil, turnAway("budget", http.StatusServiceUnavailable, "%v; send again later", err)
	case errors.Is(err, errOver):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, turnAway("slow", http.StatusRequestTimeout,
			"the body comes too slowly: it may take %s (gateway.body_timeout), and %d bytes a second are the least (gateway.min_body_rate)", g.cfg.BodyTimeout, g.cfg.MinBodyRate)
	default:
		return nil, turnAway("broken_off", http.StatusBadRequest, "the body did not arrive: %v", err)
	}
}

// maxZstdWindow is what a zstd stream may ask us to look back; 8 MiB is what
// RFC 8878 wants every decoder to support.
const maxZstdWindow = 8 << 20

// decompress undoes the content encoding, within its own limit: a few bytes
// can blow up to gigabytes.
func (g *Gateway) decompress(ctx context.Context, encoding string, body []byte, s *share) ([]byte, *turnedAway) {
	limit := g.cfg.Limits.DecompressedBytes
	var in io.Reader
	switch encoding = strings.ToLower(strings.TrimSpace(encoding)); encoding {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, turnAway("encoding", http.StatusBadRequest, "the body is not gzip, as Content-Encoding says: %v", err)
		}
		defer z.Close()
		in = z
	case "zstd":
		if err := s.grow(ctx, 2*zstdWindow(body)); err != nil {
			return nil, turnAway("budget", http.StatusServiceUnavailable, "%v; send again later", err)
		}
		z, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(limit)+1<<20), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, turnAway("encoding", http.StatusBadRequest, "the body is not zstd, as Content-Encoding says: %v", err)
		}
		defer z.Close()
		in = z
	default:
		return nil, turnAway("encoding", http.StatusUnsupportedMediaType, "Content-Encoding %.40q: only gzip and zstd can be undone", encoding)
	}
	out, err := readAll(ctx, in, limit, -1, s)
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, errSpent):
		return nil, turnAway("budget", http.StatusServiceUnavailable, "%v; send again later", err)
	case errors.Is(err, errOver), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, turnAway("too_large", http.StatusRequestEntityTooLarge,
			"the body is over %d bytes when decompressed (gateway.limits.decompressed_bytes)", limit)
	default:
		return nil, turnAway("encoding", http.StatusBadRequest, "the body can't be decompressed: %v", err)
	}
}

// zstdWindow is what the first frame of a body asks us to look back. Further
// frames may ask for more, up to the same bound.
func zstdWindow(body []byte) int64 {
	var h zstd.Header
	if err := h.Decode(body); err != nil || h.WindowSize > maxZstdWindow || h.HeaderSize < len(body) && bytes.Count(body[h.HeaderSize:], body[:4]) > 0 {
		return maxZstdWindow
	}
	return int64(max(h.WindowSize, min(h.FrameContentSize, maxZstdWindow)))
}

// valuesIn counts the values of a JSON text, at most: what separates them counts
// in texts as well. It is cheap, and before anything is taken apart.
func valuesIn(body []byte) int64 {
	return int64(bytes.Count(body, []byte(",")) + bytes.Count(body, []byte("{")) + bytes.Count(body, []byte("[")))
}

// translationBytes is what reading a body into signals takes besides the body:
// a text of it and the records, the signals, and what holds each value: a few
// bytes of text can be an element of 16 or a map of 300.
func (l *Limits) translationBytes(body, values int64) int64 {
	const signal, shortest, value = 1 << 10, 3, 80 // bytes of an empty signal, of its text, of a value
	return 2*body + min(int64(l.Signals), body/shortest)*signal + values*value
}

// refusedBytes is what one element that is refused takes, besides its text: a dead
// letter, a decision, and their records.
const refusedBytes = 3 << 10

// largest is what one request may take within all other limits.
func (l *Limits) largest() int64 {
	body := max(l.BodyBytes, l.DecompressedBytes)
	return l.BodyBytes + l.DecompressedBytes + 2*maxZstdWindow + int64(l.Signals)*refusedBytes + l.translationBytes(body, min(int64(l.Values), body))
}

// mediaType returns the type without its parameters, or a 415. There must be
// one, and none that a page of another site can send without being asked first:
// text/plain and forms.
func mediaType(snd *sender, header string) (string, *turnedAway) {
	if header == "" {
		return "", turnAway("media_type", http.StatusUnsupportedMediaType, "no Content-Type; send application/json")
	}
	t, _, err := mime.ParseMediaType(header)
	ok := err == nil && (t == "application/json" || strings.HasSuffix(t, "+json") && !snd.onlyMedia)
	for _, taken := range snd.mediaTypes {
		ok = ok || t == taken
	}
	if !ok {
		return "", turnAway("media_type", http.StatusUnsupportedMediaType, "Content-Type %.100q is not taken here; send application/json", header)
	}
	return t, nil
}

// turnedAway is an answer with the word by which metrics count it.
type turnedAway struct {
	*apierror.Error

	reason string
}

func turnAway(reason string, status int, format string, args ...any) *turnedAway {
	return &turnedAway{Error: apierror.New(status, format, args...), reason: reason}
}
