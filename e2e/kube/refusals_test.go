package kube_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// refuse renders the smallest installation with what set says.
func refuse(t *testing.T, schema bool, set string) output {
	args := []string{"template", "rel", chart(), "-f", valuesOf("observe"), "--set", set}
	if !schema {
		args = append(args, "--skip-schema-validation")
	}
	return run(t, nil, helm(args...)...)
}

func TestTheSchemaRefuses(t *testing.T) {
	rig.Require(t)
	for _, c := range []struct{ what, set, word string }{
		{"the sidecar's port for the upstream", "upstream.port=15080", "/upstream/port"},
		{"the admin port for the upstream", "upstream.port=15090", "/upstream/port"},
		{"a port that is none", "upstream.port=65536", "/upstream/port"},
		{"a port as a word", "upstream.port=http", "/upstream/port"},
		{"no upstream", "upstream.image=", "/upstream/image"},
		{"an unknown value", "autMode=enforce", "autMode"},
		{"an unknown value below another", "upstream.imag=x", "imag"},
		{"an unknown mode", "authMode=on", "/authMode"},
		{"enforce without a key", "authMode=enforce", "/jwt/existingSecret"},
		{"enforce with an empty address of keys", "authMode=enforce,config.JWT_JWKS_URL=", "/config/JWT_JWKS_URL"},
		{"a share over 100", "enforcePercent=101", "/enforcePercent"},
		{"an unknown log level", "logLevel=loud", "/logLevel"},
		{"an unknown protocol", "protocol=smtp", "/protocol"},
		{"a duration without a unit", "jwt.gracePeriod=24", "/jwt/gracePeriod"},
		{"a duration of words", "jwt.gracePeriod=one day", "/jwt/gracePeriod"},
		{"a secret in plain text", "jwt.secret=abc", "/jwt"},
		{"a variable that serve does not know", "config.ALOWED_ORIGINS=x", "ALOWED_ORIGINS"},
		{"a variable that is the chart's own", "config.AUTH_MODE=off", "AUTH_MODE"},
		{"development", "config.DEV_MODE=true", "DEV_MODE"},
		{"a secret variable in plain text", "config.UPSTREAM_AUTH_TOKEN=x", "UPSTREAM_AUTH_TOKEN"},
		{"a list for a variable", "config.ALLOWED_ORIGINS={a,b}", "/config/ALLOWED_ORIGINS"},
		{"a secret variable that is none", "secretConfig.LOG_FORMAT.name=x", "LOG_FORMAT"},
		{"a secret by value", "secretConfig.UPSTREAM_AUTH_TOKEN=x", "/secretConfig/UPSTREAM_AUTH_TOKEN"},
		{"a secret without its entry", "secretConfig.UPSTREAM_AUTH_TOKEN.name=x", "/secretConfig/UPSTREAM_AUTH_TOKEN"},
		{"a label that selects the pods", `podLabels.app\.kubernetes\.io/name=x`, "/podLabels"},
	} {
		t.Run(c.what, func(t *testing.T) { refuse(t, true, c.set).refused(t, "schema", c.word) })
	}
}

func TestTheTemplateRefusesWhatMustNotPassWithoutTheSchema(t *testing.T) {
	rig.Require(t)
	for _, c := range []struct{ what, set, word string }{
		{"the sidecar's port for the upstream", "upstream.port=15080", "upstream.port 15080"},
		{"the admin port for the upstream", "upstream.port=15090", "upstream.port 15090"},
		{"a port as a word", "upstream.port=http", "is no port"},
		{"no upstream", "upstream.image=", "upstream.image"},
		{"an unknown mode", "authMode=on", "authMode on"},
		{"enforce without a key", "authMode=enforce", "jwt.existingSecret"},
		{"a Secret without an entry", "jwt.existingSecret=k,jwt.secretKey=", "jwt.publicKey"},
		{"a variable that is the chart's own", "config.AUTH_MODE=off", "config.AUTH_MODE"},
		{"development", "config.DEV_MODE=true", "config.DEV_MODE"},
		{"a secret variable in plain text", "config.UPSTREAM_AUTH_TOKEN=x", "config.UPSTREAM_AUTH_TOKEN"},
		{"a secret variable that is none", "secretConfig.LOG_FORMAT.name=x", "secretConfig.LOG_FORMAT"},
	} {
		t.Run(c.what, func(t *testing.T) { refuse(t, false, c.set).refused(t, "execution error", c.word) })
	}
	t.Run("the reserved port as a string", func(t *testing.T) {
		run(t, nil, helm("template", "rel", chart(), "-f", valuesOf("observe"), "--skip-schema-validation",
			"--set-string", "upstream.port=15080")...).refused(t, "upstream.port 15080")
	})
}

func TestEnforceTakesTheAddressOfPublicKeysForASecret(t *testing.T) {
	rig.Require(t)
	m := template(t, "-f", valuesOf("observe"), "--set", "authMode=enforce,jwt.existingSecret=,config.JWT_JWKS_URL=https://auth.example.com/jwks.json")
	for _, v := range m.sidecar(t).list("env") {
		if v.text("name") == "JWT_JWKS_URL" && v.text("value") == "https://auth.example.com/jwks.json" {
			return
		}
	}
	t.Error("the sidecar has no JWT_JWKS_URL")
}

func TestNoSecretIsEverWrittenIntoAManifest(t *testing.T) {
	rig.Require(t)
	m := template(t, "-f", valuesOf("enforce"))
	if m["Secret"] != nil {
		t.Error("the chart makes a Secret: its value would stand in the release's history")
	}
	byReference := []string{"JWT_PREVIOUS_SECRET", "UPSTREAM_AUTH_TOKEN"}
	for _, v := range m.sidecar(t).list("env") {
		name := v.text("name")
		if v["value"] == nil {
			if v.at("valueFrom", "secretKeyRef").text("name") != "sync-keys" {
				t.Errorf("%s has neither a value nor a Secret", name)
			}
			byReference = slices.DeleteFunc(byReference, func(s string) bool { return s == name })
		} else if path := v.text("value"); strings.HasSuffix(name, "_SECRET_FILE") && !strings.HasPrefix(path, "/etc/syncward/") {
			t.Errorf("%s is %q", name, path)
		}
	}
	if len(byReference) > 0 {
		t.Errorf("not by reference: %v", byReference)
	}
}
