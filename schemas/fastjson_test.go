package schemas

import "github.com/valyala/fastjson"

var fastParsers fastjson.ParserPool

// decodeWithFastjson reads the fields of an alert as a decoder on top of
// fastjson would: the comparison for BenchmarkDecodeSignal.
func decodeWithFastjson(text []byte) (*Signal, error) {
	p := fastParsers.Get()
	defer fastParsers.Put(p)
	v, err := p.ParseBytes(text)
	if err != nil {
		return nil, err
	}
	str := func(name string) string { return string(v.GetStringBytes(name)) }
	labels := func(name string) Labels {
		var ls Labels
		if o := v.GetObject(name); o != nil {
			o.Visit(func(k []byte, v *fastjson.Value) { ls = append(ls, Label{string(k), string(v.GetStringBytes())}) })
		}
		return ls.normal()
	}
	s := &Signal{
		ID: str("id"), Kind: Kind(str("kind")), Source: str("source"), Fingerprint: str("fingerprint"),
		Status: Status(str("status")), Occurrence: str("occurrence"), Tenant: str("tenant"), Environment: str("environment"),
		Scope: str("scope"), Name: str("name"), Severity: Severity(str("severity")), Service: str("service"),
		Instance: str("instance"), Host: str("host"), Team: str("team"), Summary: str("summary"),
		Description: str("description"), Labels: labels("labels"), Annotations: labels("annotations"), URL: str("url"),
		Runbook: str("runbook"), GroupKey: str("group_key"), Truncated: v.GetInt("truncated"),
	}
	if s.StartsAt, err = ParseTime(str("starts_at")); err != nil {
		return nil, err
	}
	s.ReceivedAt, err = ParseTime(str("received_at"))
	return s, err
}
