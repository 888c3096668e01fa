package rules

import (
	"regexp"
	"strings"

	"github.com/prometheus/alertmanager/pkg/labels"
)

// Equality is a matcher that holds for some values alone.
type Equality struct {
	Name   string
	Values []string // none of them empty
}

// maxAlternatives bounds the values that one matcher is read as.
const maxAlternatives = 100

// Equalities are those of the matchers that hold for a few values alone, which
// may be looked up: a="x", and a=~"x|y" where x and y are plain text.
func (m Matchers) Equalities() (out []Equality) {
	for _, one := range m.ms {
		switch one.Type {
		case labels.MatchEqual:
			if one.Value != "" {
				out = append(out, Equality{one.Name, []string{one.Value}})
			}
		case labels.MatchRegexp:
			if values := alternatives(one.Value); values != nil {
				out = append(out, Equality{one.Name, values})
			}
		}
	}
	return out
}

// alternatives are the plain texts that an expression, which is anchored, stands
// for; nil when it stands for anything else.
func alternatives(expression string) []string {
	values := strings.Split(expression, "|")
	if len(values) > maxAlternatives {
		return nil
	}
	for _, v := range values {
		if v == "" || regexp.QuoteMeta(v) != v {
			return nil
		}
	}
	return values
}
