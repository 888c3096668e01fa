package schemas

// MaxNameBytes bounds a name: a field that incidents and other signals'
// decisions repeat. Longer texts are cut to it where an outcome is shrunk.
const MaxNameBytes = 4 << 10

const whyShrunk = "too large to be written whole: lists were left out"

func shrinkDecision(d *Decision) {
	d.Signal, d.Evidence, d.RunnerUp = nil, nil, nil
	d.Reason = cutText(d.Reason) + " (" + whyShrunk + ")"
}

func shrinkIncident(in *Incident) {
	in.Members, in.Timeline, in.Links, in.Candidates, in.Also, in.Notices, in.Tickets = nil, nil, nil, nil, nil, nil, nil
	in.Title, in.Limited = cutText(in.Title), whyShrunk
	in.Children = in.Children[:min(len(in.Children), 1000)]
	in.Services = in.Services[:min(len(in.Services), 100)]
	in.Teams = in.Teams[:min(len(in.Teams), 100)]
}

func shrinkProblem(p *Problem) {
	p.Evidence, p.Title, p.Signature = nil, cutText(p.Title), cutText(p.Signature)
}

func cutText(s string) string { return s[:min(len(s), MaxNameBytes)] }
