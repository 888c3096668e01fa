package importer

import "pinkstar/schemas"

// belowLive is subtracted from the revisions of imported decisions: a decision of
// the running installation on the same signal is in force, whichever came first.
const belowLive = 1 << 32

// unpriced says why there is no cost.
const unpriced = "imported history is not priced"

// take marks and passes on what a step said.
func (r *run) take() error {
	for i := range r.out.Decisions {
		d := r.out.Decisions[i]
		d.Revision -= belowLive
		d.At, d.LastAt = min(d.At, r.sum.To), min(d.LastAt, r.sum.To)
		if err := r.emit(schemas.Decisions.Emission(&d)); err != nil {
			return err
		}
	}
	for i := range r.out.Timeline {
		e := r.out.Timeline[i]
		e.At = min(e.At, r.sum.To)
		if err := r.emit(schemas.Timeline.Emission(&e)); err != nil {
			return err
		}
	}
	for i := range r.out.Incidents {
		inc := r.out.Incidents[i]
		if inc.Status != schemas.IncidentClosed {
			r.open.Put(&inc)
			continue
		}
		r.open.Drop(inc.ID)
		if err := r.close(&inc); err != nil {
			return err
		}
	}
	r.problems.Take(&r.out)
	return nil
}

// close passes on an incident that is over.
func (r *run) close(inc *schemas.Incident) error {
	if !r.closed[inc.ID] {
		r.closed[inc.ID] = true
		r.sum.Incidents++
	}
	end := r.sum.To
	inc.Imported, inc.DetectedAt, inc.Notices = true, 0, nil
	for _, t := range []*schemas.Time{&inc.AcknowledgedAt, &inc.MitigatedAt, &inc.ResolvedAt, &inc.ClosedAt, &inc.UpdatedAt} {
		*t = min(*t, end)
	}
	inc.Impact = schemas.ImpactRange{Minutes: inc.Impact.Minutes, Currency: inc.Impact.Currency, Formula: unpriced}
	return r.emit(schemas.Incidents.Emission(inc))
}

func (r *run) markProblem(p *schemas.Problem) *schemas.Problem {
	m := *p
	m.Imported, m.UpdatedAt = true, min(p.UpdatedAt, r.sum.To)
	m.Cost = schemas.ImpactRange{Minutes: p.Cost.Minutes, Currency: p.Cost.Currency, Formula: unpriced}
	return &m
}

func (r *run) emit(e schemas.Emission) error {
	if r.setup.Emit == nil {
		return nil
	}
	return r.setup.Emit(e)
}
