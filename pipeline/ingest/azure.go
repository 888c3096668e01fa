package ingest

import (
	"fmt"
	"maps"
	"net/url"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceAzure is Azure Monitor's common alert schema.
const SourceAzure Source = "azure"

var azure = sender{
	name: SourceAzure, path: "/webhook/azure", topic: schemas.TopicAlerts,
	looks: func(m members) bool { return m.have("schemaId", "data") },
	hint:  "schemaId with data",
	read:  func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceAzure, readAzure) },
}

var azureSeverities = map[string]schemas.Severity{
	"Sev0": schemas.SeverityCritical, "Sev1": schemas.SeverityMajor, "Sev2": schemas.SeverityWarning,
	"Sev3": schemas.SeverityInfo, "Sev4": schemas.SeverityInfo,
}

func readAzure(t tree, s *schemas.Signal) error {
	if id := t.text("schemaId"); id != "azureMonitorCommonAlertSchema" {
		return fmt.Errorf("schemaId: %q is not understood; switch the action group to the common alert schema", id)
	}
	e := t.object("data.essentials")
	id := e.text("alertId")
	if isAzureTest(id) {
		return errTest
	}
	fired, err := e.time("firedDateTime")
	if err != nil {
		return fmt.Errorf("data.essentials.%w", err)
	}
	resolved, err := e.time("resolvedDateTime")
	if err != nil {
		return fmt.Errorf("data.essentials.%w", err)
	}
	labels := map[string]string{}
	for label, path := range map[string]string{"signal_type": "signalType", "monitoring_service": "monitoringService"} {
		labels[label] = e.text(path)
	}
	t.object("data.customProperties").flat(labels)
	target := e.text("alertTargetIDs[0]")
	maps.Copy(labels, azureParts(target))
	s.Name, s.Summary, s.Description = e.text("alertRule"), firstLine(e.text("description"), e.text("alertRule")), e.text("description")
	s.Fingerprint, s.Severity, s.Labels, s.StartsAt = id, azureSeverities[e.text("severity")], schemas.LabelsOf(labels), fired
	if e.text("severity") == "" {
		s.Severity = ""
	}
	s.Instance = e.text("configurationItems[0]")
	if strings.Contains(strings.ToLower(target), "/virtualmachines/") {
		s.Host = lastSegment(target)
	}
	if id != "" {
		s.URL = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade/alertId/" + url.PathEscape(id)
	}
	switch c := e.text("monitorCondition"); c {
	case "Fired":
	case "Resolved":
		over(s, fired, resolved)
	default:
		return fmt.Errorf("data.essentials.monitorCondition: %q is neither Fired nor Resolved", c)
	}
	return nil
}

// isAzureTest tells what an action group's test button sends, whatever it is a
// sample of: an alert of a subscription that nobody has.
func isAzureTest(id string) bool {
	id = strings.ToLower(id)
	return strings.HasPrefix(id, "/subscriptions/11111111-1111-1111-1111-111111111111/") || strings.HasSuffix(id, "/alerts/12345678-1234-1234-1234-1234567890ab")
}

// azureParts takes the subscription and the resource group out of a resource's id.
func azureParts(id string) map[string]string {
	out := map[string]string{}
	parts := strings.Split(id, "/")
	for i := 1; i+1 < len(parts); i += 2 {
		switch strings.ToLower(parts[i]) {
		case "subscriptions":
			out["subscription"] = parts[i+1]
		case "resourcegroups":
			out["resource_group"] = parts[i+1]
		}
	}
	return out
}
