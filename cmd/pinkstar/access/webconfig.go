package access

import (
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
)

// WebConfig is what exporter-toolkit's file says of who may come in. The server
// enforces it; this only asks what is enforced.
type WebConfig struct {
	Users map[string]string `yaml:"basic_auth_users"`
	TLS   struct {
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
}

// ReadWebConfig reads the file; "" is an empty one.
func ReadWebConfig(file string) (w WebConfig, err error) {
	if file == "" {
		return w, nil
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(b, &w)
	}
	if err != nil {
		return w, fmt.Errorf("http.web_config_file: %w", err)
	}
	return w, nil
}

// Authenticates reports whether nobody gets past the server unknown.
func (w *WebConfig) Authenticates() bool {
	return len(w.Users) > 0 || w.TLS.ClientAuth == "RequireAndVerifyClientCert"
}
