package engine

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/klauspost/compress/gzip"
)

// maxLibrary bounds what is unpacked when the size is not pinned.
const maxLibrary = 2 << 30

// verifyFile compares a file with its pinned checksum; "" means not pinned.
func verifyFile(name, want string) error {
	if want == "" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	return sameSum(h.Sum(nil), want)
}

func sameSum(got []byte, want string) error {
	if g := hex.EncodeToString(got); want != "" && g != want {
		return fmt.Errorf("its sha256 is %s, expected %s", g, want)
	}
	return nil
}

// unpackLibrary writes the archive's libchdb.so to the file called to, and
// removes it again when its checksum is wrong.
func unpackLibrary(ctx context.Context, archive, to, want string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(&interruptible{ctx, f})
	if err != nil {
		return err
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return errors.New("there is no libchdb.so in it")
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg && path.Base(h.Name) == "libchdb.so" {
			return writeLibrary(t, to, want)
		}
	}
}

// interruptible is a reader that ends with its context.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r *interruptible) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

func writeLibrary(r io.Reader, to, want string) error {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(r, maxLibrary))
	if err == nil && n == maxLibrary {
		err = fmt.Errorf("it has more than %d bytes", maxLibrary)
	}
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil {
		err = sameSum(h.Sum(nil), want)
	}
	if err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}
