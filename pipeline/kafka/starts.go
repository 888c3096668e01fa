package kafka

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// startsFile says how far the records of each partition were deleted in order. A
// log that begins later lost its first segments: nothing else tells, since the
// broker takes the first segment that it finds for the beginning.
const startsFile = "starts.json"

// starts are the offsets up to which records were deleted in order, by the name of
// the partition's directory; 0 where there is none. nil: nothing is known.
type starts map[string]int64

// readStarts returns nil where there is no such file.
func readStarts(dir string) (starts, error) {
	s := starts{}
	err := readJSON(filepath.Join(dir, startsFile), &s)
	if errors.Is(err, errGone) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s, how far records were deleted, %w: put it back from a copy, or delete it when the files beside it are whole", startsFile, err)
	}
	return s, nil
}

func (s starts) write(dir string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, startsFile), b)
}

// begun makes the file where there is none: for a new directory, or one of a
// release before it, whose logs begin where they do.
func begun(dir string, parts []*partition) error {
	s := starts{}
	for _, p := range parts {
		if len(p.segments) > 0 && p.segments[0].base > 0 {
			s[p.name()] = p.segments[0].base
		}
	}
	return s.write(dir)
}

// headless says what p lacks at its beginning, nothing when it is whole.
func (s starts) headless(p *partition) string {
	if s == nil || len(p.segments) == 0 || p.segments[0].base <= s[p.name()] {
		return ""
	}
	return fmt.Sprintf("%s lacks its first segments: it begins at offset %d, and records were deleted only up to %d", p.name(), p.segments[0].base, s[p.name()])
}

// acceptHeadless lets logs begin where they do.
func acceptHeadless(dir string, parts []*partition, tell func(string, ...any)) error {
	s, err := readStarts(dir)
	if err != nil {
		return err
	}
	changed := false
	for _, p := range parts {
		if what := s.headless(p); what != "" {
			s[p.name()], changed = p.segments[0].base, true
			tell("%s: it begins there from now on", what)
		}
	}
	if !changed {
		return nil
	}
	return s.write(dir)
}

// noteDeletions has the broker write down how far records are deleted before it
// deletes them.
func noteDeletions(c *kfake.Cluster, dir string, log zerolog.Logger) {
	var mu sync.Mutex
	c.ControlKey(int16(kmsg.DeleteRecords), func(req kmsg.Request) (kmsg.Response, error, bool) {
		mu.Lock()
		defer mu.Unlock()
		del, ok := req.(*kmsg.DeleteRecordsRequest)
		if !ok {
			return nil, nil, false
		}
		err := noteDeletion(dir, del)
		if err == nil {
			return nil, nil, false
		}
		log.Error().Err(err).Msg("embedded kafka: no records are deleted, since it can't be written down")
		c.KeepControl()
		return nil, err, true
	})
}

func noteDeletion(dir string, req *kmsg.DeleteRecordsRequest) error {
	s, err := readStarts(dir)
	if err != nil || s == nil {
		return cmp.Or(err, errors.New(startsFile+" is gone"))
	}
	for i := range req.Topics {
		for _, p := range req.Topics[i].Partitions {
			if p.Offset < 0 {
				return errors.New("records are deleted up to an offset, not up to an end that is not said")
			}
			name := partitionDir(req.Topics[i].Topic, p.Partition)
			s[name] = max(s[name], p.Offset)
		}
	}
	return s.write(dir)
}
