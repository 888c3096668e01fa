package rights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// User is a user to make on a server that is not ours.
type User struct {
	Name     string
	Password string // empty: of one that is there already it stays, and none is made
	Database string
}

// WriterSQL returns the statements that make or update the user of the roles
// write and web. Running them again is harmless.
func WriterSQL(u User) []string {
	return append(u.create(), u.grant(Writer(Quote(u.Database)))...)
}

// ReaderSQL returns the statements that make or update the user of reports and
// dashboards, with its limits and its quota.
func ReaderSQL(u User) []string {
	return append(u.reader(ReaderLimits), u.grant(Reader(Quote(u.Database)))...)
}

// reader makes a user who only reads, without its grants.
func (u User) reader(limits []Limit) []string {
	name := Quote(u.Name)
	settings := make([]string, len(limits))
	for i, l := range limits {
		settings[i] = l.sql()
	}
	return append(u.create(),
		"CREATE SETTINGS PROFILE OR REPLACE "+name+" SETTINGS "+strings.Join(settings, ", ")+" TO "+name,
		fmt.Sprintf("CREATE QUOTA OR REPLACE %s FOR INTERVAL %d second MAX queries = %d, execution_time = %d TO %s",
			name, QuotaSeconds, QuotaQueries, QuotaExecutionSeconds, name))
}

// create sets the password by its hash, so that the statements may be kept.
func (u User) create() []string {
	if u.Password == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(u.Password))
	hash := "IDENTIFIED WITH sha256_hash BY '" + hex.EncodeToString(sum[:]) + "'"
	return []string{
		"CREATE USER IF NOT EXISTS " + Quote(u.Name) + " " + hash,
		"ALTER USER " + Quote(u.Name) + " " + hash,
	}
}

// grant leaves the user exactly these grants.
func (u User) grant(grants []Grant) []string {
	sql := make([]string, len(grants))
	for i, g := range grants {
		sql[i] = g.String() + " TO " + Quote(u.Name)
		if i == 0 {
			sql[i] += " WITH REPLACE OPTION" // at once: a writer at work keeps what it has
		}
	}
	return sql
}

func (l Limit) sql() string {
	value := l.Value
	if value == "" || strings.Trim(value, "0123456789") != "" {
		value = "'" + value + "'"
	}
	s := l.Setting + " = " + value
	if l.Min != "" {
		s += " MIN " + l.Min
	}
	if l.Max != "" {
		s += " MAX " + l.Max
	}
	if l.Const {
		s += " CONST"
	}
	return s
}
