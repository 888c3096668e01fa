package engine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// identifier is what a user or database name may look like here, so that it
// needs no quoting anywhere.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// newPassword returns a random password without characters that need quoting.
func newPassword() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}

// The XML shapes of the child's configuration. Only what differs from the
// defaults is written.
type (
	xmlConfig struct {
		XMLName xml.Name `xml:"clickhouse"`
		Users   string   `xml:"users_config"` // a file of its own: users in the main one are ignored
		TmpPath string   `xml:"tmp_path"`
		Files   string   `xml:"user_files_path"`
		// Small machine, small caches: this is one process among several.
		MarkCache int64   `xml:"mark_cache_size"`
		Memory    float64 `xml:"max_server_memory_usage_to_ram_ratio"`
	}
	xmlUserConfig struct {
		XMLName  xml.Name    `xml:"clickhouse"`
		Users    xmlUsers    `xml:"users"`
		Profiles xmlProfiles `xml:"profiles"`
		Quotas   xmlQuotas   `xml:"quotas"`
	}
	xmlUsers    struct{ List []xmlUser }
	xmlProfiles struct {
		Default xmlProfile `xml:"default"`
	}
	xmlProfile struct {
		// Asynchronous inserts would lose the deduplication token's meaning.
		AsyncInsert int `xml:"async_insert"`
	}
	xmlQuotas struct {
		Default struct{} `xml:"default"`
	}
	xmlUser struct {
		XMLName  xml.Name
		Hash     string   `xml:"password_sha256_hex,omitempty"`
		Password *string  `xml:"password,omitempty"`
		IPs      []string `xml:"networks>ip"`
		Profile  string   `xml:"profile"`
		Quota    string   `xml:"quota"`
		Grants   []string `xml:"grants>query"`
	}
)

// loopback is who may connect: this machine.
var loopback = []string{"127.0.0.1", "::1"}

// writeConfig writes the child's configuration and returns its path.
func writeConfig(dir, user, password, database string) (string, error) {
	if !identifier.MatchString(user) || !identifier.MatchString(database) {
		return "", fmt.Errorf("user %q and database %q must be plain names (letters, digits, underscore)", user, database)
	}
	if user == "default" {
		return "", fmt.Errorf("user default belongs to the engine itself: choose another")
	}
	users := filepath.Join(dir, "users.xml")
	if err := writeXML(users, usersOf(user, password, database)); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "engine.xml")
	return name, writeXML(name, xmlConfig{
		Users:     users,
		TmpPath:   filepath.Join(dir, "tmp") + "/",
		Files:     filepath.Join(dir, "user_files") + "/",
		MarkCache: 256 << 20,
		Memory:    0.5,
	})
}

func usersOf(user, password, database string) xmlUserConfig {
	sum := sha256.Sum256([]byte(password))
	none := ""
	var c xmlUserConfig
	c.Users.List = []xmlUser{
		{
			XMLName: xml.Name{Local: user}, Hash: hex.EncodeToString(sum[:]), IPs: loopback,
			Profile: "default", Quota: "default",
			Grants: []string{
				"GRANT ALL ON " + database + ".*",
				"GRANT SELECT ON system.*",
				"GRANT TABLE ENGINE ON *",
				"GRANT CREATE TEMPORARY TABLE ON *.*",
				"GRANT KILL QUERY ON *.*",
			},
		},
		{
			XMLName: xml.Name{Local: "default"}, Password: &none, IPs: loopback,
			Profile: "default", Quota: "default",
			Grants: innerGrants,
		},
	}
	return c
}

// writeXML writes v for nobody else to read.
func writeXML(name string, v any) error {
	b, err := xml.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(name, append(b, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the engine's configuration: %w", err)
	}
	return nil
}

// innerGrants is all that the session which opens the listeners needs: it has
// no password, so anybody on this machine can have them.
var innerGrants = []string{
	"GRANT SYSTEM LISTEN ON *.*",
	"GRANT CREATE TEMPORARY TABLE ON *.*",
	"GRANT TABLE ENGINE ON Null",
}
