package ingest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceGitHub is GitHub's webhook for deployments.
const SourceGitHub Source = "github"

var gitHub = sender{
	name: SourceGitHub, path: "/webhook/github", topic: schemas.TopicChanges,
	looks: func(m members) bool { return m.have("repository") && m.any("deployment", "hook_id", "ref_type") },
	hint:  "deployment with repository",
	read:  func(b *batch, r *jsonscan.Reader) error { return b.changeFrom(r, SourceGitHub, readGitHub) },
}

// SourceGitLab is GitLab's webhook for deployments.
const SourceGitLab Source = "gitlab"

var gitLab = sender{
	name: SourceGitLab, path: "/webhook/gitlab", topic: schemas.TopicChanges,
	looks: func(m members) bool { return m.have("object_kind") },
	hint:  "object_kind",
	read:  func(b *batch, r *jsonscan.Reader) error { return b.changeFrom(r, SourceGitLab, readGitLab) },
}

// changeFrom reads one change out of a tree.
func (b *batch) changeFrom(r *jsonscan.Reader, source Source, read func(tree, *schemas.Signal) error) error {
	return b.element(r, "", -1, func(s *schemas.Signal) error {
		t, err := readTree(r)
		if err != nil {
			return err
		}
		s.Kind, s.Source, s.Change = schemas.KindChange, string(source), &schemas.Change{Type: "deployment"}
		return read(t, s)
	})
}

// deploymentStatus says where a deployment stands: how both of them word it. One
// that has failed has changed something all the same.
func deploymentStatus(word string) (schemas.Status, error) {
	switch strings.ToLower(word) {
	case "in_progress", "running":
		return schemas.StatusStarted, nil
	case "success", "failure", "failed", "error":
		return schemas.StatusFinished, nil
	case "canceled", "cancelled":
		return schemas.StatusCancelled, nil
	case "queued", "pending", "created", "blocked", "waiting":
		return "", nothingError("a deployment that has not begun changes nothing so far")
	case "inactive":
		return "", nothingError("a later deployment has taken the place of this one")
	}
	return "", fmt.Errorf("%q is no state of a deployment that is known", word)
}

// undoes tells a deployment that takes another one back by what it is called.
func undoes(words ...string) bool {
	for _, w := range words {
		if w = strings.ToLower(w); strings.Contains(w, "rollback") || strings.Contains(w, "roll-back") || strings.Contains(w, "revert") {
			return true
		}
	}
	return false
}

func readGitHub(t tree, s *schemas.Signal) error {
	d := t.object("deployment")
	switch {
	case t.text("zen") != "":
		return errTest
	case len(d) == 0:
		return nothingError("of GitHub's webhooks only deployments and their states change something that runs")
	case t.at("deployment_status") == nil:
		return nothingError("a deployment that has not begun changes nothing so far; have the event deployment_status sent, too")
	}
	now := t.object("deployment_status")
	status, err := deploymentStatus(now.text("state"))
	if err != nil {
		return withinUnlessNothing("deployment_status.state", err)
	}
	began, err := d.time("created_at")
	if err != nil {
		return fmt.Errorf("deployment.%w", err)
	}
	at, err := now.time("created_at", "updated_at")
	if err != nil {
		return fmt.Errorf("deployment_status.%w", err)
	}
	repository := t.text("repository.full_name", "repository.name")
	if d.text("id") == "" || repository == "" {
		return errors.New("deployment.id or repository.full_name: missing")
	}
	s.Fingerprint, s.Occurrence, s.Status = repository+"/"+d.text("id"), now.text("id"), status
	s.Service, s.Environment = lastSegment(repository), now.text("environment")
	if s.Environment == "" {
		s.Environment = d.text("environment")
	}
	version := d.text("ref")
	if sha := d.text("sha"); version == "" || version == sha {
		version = sha[:min(len(sha), 12)]
	}
	s.Change.Version, s.Change.By = version, d.text("creator.login", "payload.actor")
	s.URL = schemas.HTTPURL(now.text("log_url", "target_url", "environment_url"))
	if undoes(d.text("task"), d.text("description")) {
		s.Change.Type = "rollback"
	}
	deployed(s, began, at, now.text("state"))
	s.Description = firstLine(now.text("description"), d.text("description"))
	return nil
}

func readGitLab(t tree, s *schemas.Signal) error {
	if kind := t.text("object_kind"); kind != "deployment" {
		return nothingError("of GitLab's webhooks only deployments change something that runs")
	}
	status, err := deploymentStatus(t.text("status"))
	if err != nil {
		return withinUnlessNothing("status", err)
	}
	at, err := gitLabTime(t.text("status_changed_at"))
	if err != nil {
		return fmt.Errorf("status_changed_at: %w", err)
	}
	project := t.text("project.path_with_namespace", "project.name")
	if t.text("deployment_id") == "" || project == "" {
		return errors.New("deployment_id or project.path_with_namespace: missing")
	}
	s.Fingerprint, s.Occurrence, s.Status = project+"/"+t.text("deployment_id"), t.text("status"), status
	s.Service, s.Environment = lastSegment(project), t.text("environment_tier", "environment")
	if s.Environment == "other" { // a tier that says nothing
		s.Environment = t.text("environment")
	}
	s.Change.Version, s.Change.By = strings.TrimSpace(t.text("ref")+" "+t.text("short_sha")), t.text("user.name", "user.username")
	s.URL = schemas.HTTPURL(t.text("deployable_url", "commit_url"))
	if undoes(t.text("commit_title"), t.text("ref")) {
		s.Change.Type = "rollback"
	}
	deployed(s, at, at, t.text("status"))
	s.Description = t.text("commit_title")
	return nil
}

// deployed names a deployment, and says when it began and ended.
func deployed(s *schemas.Signal, began, at schemas.Time, word string) {
	if began == 0 {
		began = at
	}
	s.StartsAt = began
	if s.Status != schemas.StatusStarted {
		s.EndsAt = max(at, began)
	}
	s.Name = s.Service + " " + s.Change.Type
	s.Summary = strings.TrimSpace(s.Name + " " + s.Change.Version + " " + strings.ToLower(word))
}

// gitLabTime reads 2021-04-28 21:50:00 +0200.
func gitLabTime(s string) (schemas.Time, error) {
	if at, err := time.Parse("2006-01-02 15:04:05 -0700", s); err == nil {
		return schemas.TimeOf(at), nil
	}
	if s == "" {
		return 0, nil
	}
	return anyTime(s)
}

func withinUnlessNothing(path string, err error) error {
	if nothing, ok := errors.AsType[nothingError](err); ok {
		return nothing
	}
	return fmt.Errorf("%s: %w", path, err)
}
