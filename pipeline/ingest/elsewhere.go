package ingest

import (
	"regexp"
	"strings"
	"unicode"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// Other programs say under other names that something is over. Without a status
// a signal fires, which must not happen to one that says {"state": "OK"}. Names
// are compared in lower case and without what stands between their words.
var (
	statusMembers = memberSet("status state alertstate alertstatus newstate newstatename newstatevalue currentstate currentstatus eventstatus eventstate")
	overMembers   = memberSet("resolved isresolved recovered isrecovery cleared ok healthy")
	firingMembers = memberSet("firing alerting active triggered isactive isfiring isalerting istriggered")
	// eventMembers say many things; of them only a recovery counts.
	eventMembers = memberSet("event eventtype eventname action eventaction transition notificationtype messagetype type alerttype changetype " +
		"severity result health healthstatus condition outcome lifecycle phase")
	// stateMembers tell the state of a part: one that is bad outweighs what is well.
	stateMembers = memberSet("checkstate checkstatus monitorstate monitorstatus servicestate servicestatus hoststate hoststatus problemstate problemstatus " +
		"incidentstate incidentstatus issuestate issuestatus alarmstate alarmstatus laststatus level alertlevel")
	textMembers = memberSet("name title subject summary message text")
	endMembers  = memberSet("endsat endtime endedat resolvedat resolvedtime recoveredat closedat clearedat")
)

// recoveries are words for an event that ends something.
var recoveries = memberSet("recovery recovered resolve resolved ok okay clear cleared close closed normal healthy up green passing passed success succeeded")

// troubles are words for a state that is no recovery.
var troubles = memberSet("critical crit warning warn down alarm alert problem error fatal failed failing failure firing triggered unhealthy degraded red unknown")

// overText finds a text that begins by saying so, in brackets or before a colon.
var overText = regexp.MustCompile(`(?i)^\s*(?:\[(?:ok|okay|resolved|recovered|recovery|clear|cleared|closed)\]|(?:ok|resolved|recovered|cleared)\s*:)`)

func memberSet(names string) map[string]bool {
	set := map[string]bool{}
	for n := range strings.FieldsSeq(names) {
		set[n] = true
	}
	return set
}

// bareName writes alert_status and Alert-Status as alertstatus.
func bareName(name string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToLower(c)
	}, name)
}

// isRecovery reports whether a word such as alert_resolved is one for the end.
func isRecovery(value string) bool {
	words := strings.FieldsFunc(strings.ToLower(value), func(c rune) bool { return !unicode.IsLetter(c) })
	if len(words) == 0 || !recoveries[words[len(words)-1]] {
		return false
	}
	for _, w := range words {
		if w == "not" || w == "no" || w == "un" || w == "never" {
			return false
		}
	}
	return true
}

// statusElsewhere looks for a status under another name; a word that is not
// understood is refused when the signal is completed.
func statusElsewhere(r *jsonscan.Reader, s *schemas.Signal) error {
	alert := s.Kind == "" || s.Kind == schemas.KindAlert
	over, bad := false, false
	err := r.Object(func(name string) error {
		name = bareName(name)
		switch k := r.Kind(); {
		case statusMembers[name] && k == jsonscan.String:
			v, err := r.String()
			s.Status = schemas.Status(v)
			return err
		case (overMembers[name] || firingMembers[name]) && k == jsonscan.Bool:
			yes, err := r.Bool()
			over = over || yes == overMembers[name]
			return err
		case !alert:
			return nil
		case k == jsonscan.String && (eventMembers[name] || stateMembers[name]):
			v, err := r.String()
			over = over || isRecovery(v)
			bad = bad || stateMembers[name] && troubles[bareName(v)]
			return err
		case k == jsonscan.String && textMembers[name]:
			v, err := r.String()
			over = over || overText.MatchString(v)
			return err
		case k == jsonscan.Number && statusMembers[name]: // 0 is OK to Nagios, Sensu, LibreNMS, Zabbix
			v, err := r.Float()
			over, bad = over || v == 0, bad || v != 0
			return err
		case endMembers[name] && s.EndsAt == 0 && (k == jsonscan.String || k == jsonscan.Number):
			before := r.Mark()
			if at, err := schemas.ReadTime(r); err == nil {
				s.EndsAt = at
			} else { // no time: this member is another's, and none of ours
				r.Rewind(before)
			}
		}
		return nil
	})
	if s.Status == "" && alert {
		over = over || isOverLabel(s.Labels)
	}
	if s.Status == "" && over && !bad {
		s.Status = schemas.StatusResolved
	}
	return err
}

// isOverLabel reports whether a label says that the alert is over.
func isOverLabel(ls schemas.Labels) bool {
	for _, name := range []string{"alertstate", "status", "state"} {
		switch strings.ToLower(ls.Get(name)) {
		case "resolved", "recovered":
			return true
		}
	}
	return false
}
