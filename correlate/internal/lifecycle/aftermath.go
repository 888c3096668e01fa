package lifecycle

import (
	"pinkstar/correlate/internal/effect"
	"pinkstar/correlate/internal/state"
)

// aftermath is a window that no longer holds back what it did, and where that still
// fires.
type aftermath struct {
	window *state.Change
	left   []effect.Left
}

// add counts n more alerts of inc.
func (m *aftermath) add(inc *state.Incident, n int64) {
	for i := range m.left {
		if m.left[i].Incident == inc {
			m.left[i].Alerts += n
			return
		}
	}
	m.left = append(m.left, effect.Left{Incident: inc, Alerts: n})
}

// StillFires notes that ch no longer holds back an alert which still fires, in inc
// from now on. People hear of all that ch let go of when the step is over.
func (lc *Lifecycle) StillFires(inc *state.Incident, ch *state.Change) {
	last := len(lc.aftermaths) - 1
	if last < 0 || lc.aftermaths[last].window != ch {
		lc.aftermaths = append(lc.aftermaths, aftermath{window: ch})
		last++
	}
	lc.aftermaths[last].add(inc, 1)
}

// speakOfWindows says what windows left burning: after the incidents themselves were
// told of, once for each window.
func (lc *Lifecycle) speakOfWindows() {
	for i := range lc.aftermaths {
		lc.speakOfWindow(&lc.aftermaths[i])
	}
	clear(lc.aftermaths)
	lc.aftermaths = lc.aftermaths[:0]
}

func (lc *Lifecycle) speakOfWindow(m *aftermath) {
	mains := aftermath{window: m.window}
	for _, x := range m.left {
		if !x.Incident.Closed {
			mains.add(x.Incident.Main(), x.Alerts)
		}
	}
	var heard []effect.Left // of which people hear
	for _, x := range mains.left {
		lc.Timeline(x.Incident, "window", effect.WindowOver(m.window, lc.Now), effect.WindowText(m.window, lc.Now, []effect.Left{x}), nil, "")
		lc.EmitNow(x.Incident)
		if lc.Rules.Messages.PerIncident == 0 {
			continue
		}
		if !x.Incident.Talk.Opened {
			lc.speak(x.Incident)
		}
		if x.Incident.Talk.Opened {
			heard = append(heard, x)
		}
	}
	if len(heard) == 0 {
		return
	}
	inc := effect.Foremost(heard)
	said, talk := effect.WindowEnded(lc.State, m.window, heard)
	lc.say(inc, said, &talk)
}
