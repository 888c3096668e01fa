package schemas

import "net/url"

// HTTPURL returns u if it is an address that a browser may be sent to, and "" if
// it is not: a script, a relative path, or one that carries a user's name.
func HTTPURL(u string) string {
	p, err := url.Parse(u)
	if err != nil || p.Scheme != "https" && p.Scheme != "http" || p.Host == "" || p.User != nil {
		return ""
	}
	return u
}
