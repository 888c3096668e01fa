package kafka

import "crypto/tls"

// ClientConfig returns the TLS settings for a client that is not franz-go.
func (t TLS) ClientConfig() (*tls.Config, error) { return t.config() }
