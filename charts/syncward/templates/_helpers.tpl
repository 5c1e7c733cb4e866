{{- define "syncward.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- define "syncward.selector" -}}
app.kubernetes.io/name: syncward
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "syncward.labels" -}}
{{ include "syncward.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What a container may do under the restricted Pod Security Standard: next to nothing. */}}
{{- define "syncward.restricted" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* The variables that name files of nats.existingSecret: its entry, and the file that it becomes. */}}
{{- define "syncward.nats" -}}
{{- if .Values.nats.existingSecret }}
{{- with .Values.nats.credsKey }}
NATS_CREDS_FILE: {key: {{ . | quote }}, path: user.creds}
{{- end }}
{{- with .Values.nats.caKey }}
NATS_CA_FILE: {key: {{ . | quote }}, path: ca.crt}
{{- end }}
{{- with .Values.nats.certKey }}
NATS_CERT_FILE: {key: {{ . | quote }}, path: tls.crt}
{{- end }}
{{- with .Values.nats.keyKey }}
NATS_KEY_FILE: {key: {{ . | quote }}, path: tls.key}
{{- end }}
{{- end }}
{{- end }}

{{/* A variable's value. Helm reads numbers of a values file as floats, and would write 1.6777216e+07. */}}
{{- define "syncward.value" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/*
What the schema refuses and nothing else would notice in time:
--skip-schema-validation must not get past it.
*/}}
{{- define "syncward.check" -}}
{{- $port := int .Values.upstream.port }}
{{- if has $port (list 15080 15090) }}
{{- fail (printf "upstream.port %d is the sidecar's own: let the sync server listen elsewhere" $port) }}
{{- end }}
{{- if or (lt $port 1) (gt $port 65535) }}
{{- fail (printf "upstream.port %v is no port" .Values.upstream.port) }}
{{- end }}
{{- if not (has .Values.authMode (list "enforce" "observe" "off")) }}
{{- fail (printf "authMode %v is none of enforce, observe, off" .Values.authMode) }}
{{- end }}
{{- if and (eq .Values.authMode "enforce") (not .Values.jwt.existingSecret) (not (index .Values.config "JWT_JWKS_URL")) }}
{{- fail "authMode enforce needs a key: set jwt.existingSecret to the name of a Secret, or config.JWT_JWKS_URL" }}
{{- end }}
{{- if and .Values.jwt.existingSecret (not (or .Values.jwt.secretKey .Values.jwt.publicKey)) }}
{{- fail "jwt.existingSecret is set, but none of its entries is named: set jwt.secretKey, jwt.publicKey or both" }}
{{- end }}
{{- $nats := .Values.nats }}
{{- if and $nats.existingSecret (not (or $nats.credsKey $nats.caKey $nats.certKey $nats.keyKey)) }}
{{- fail "nats.existingSecret is set, but none of its entries is named: set nats.credsKey, caKey, certKey or keyKey" }}
{{- end }}
{{- if and (not $nats.existingSecret) (or $nats.credsKey $nats.caKey $nats.certKey $nats.keyKey) }}
{{- fail "an entry of nats.existingSecret is named, but no Secret: set nats.existingSecret" }}
{{- end }}
{{- $own := list "LISTEN_ADDR" "ADMIN_ADDR" "UPSTREAM_URL" "PROTOCOL" "FLAGS_FILE" "AUTH_MODE" "REQUIRE_AUTH" "ENFORCE_PERCENT" "LOG_LEVEL" "JWT_SECRET" "JWT_SECRET_FILE" "JWT_ISSUER" "JWT_AUDIENCE" "JWT_GRACE_PERIOD" "IDENTITY_KEY" "IDENTITY_KEY_FILE" "NATS_CREDS_FILE" "NATS_CA_FILE" "NATS_CERT_FILE" "NATS_KEY_FILE" }}
{{- $development := list "DEV_MODE" "INSECURE_DEV_MODE_ANYWHERE" }}
{{- $secret := list "JWT_PREVIOUS_SECRET" "IDENTITY_PREVIOUS_KEY" "UPSTREAM_AUTH_TOKEN" "ADMIN_TOKEN" }}
{{- range $name, $_ := .Values.config }}
{{- if has $name $own }}
{{- fail (printf "config.%s is the chart's own: values.yaml has the value behind it" $name) }}
{{- else if has $name $development }}
{{- fail (printf "config.%s is for development, never for a cluster: use authMode observe" $name) }}
{{- else if has $name $secret }}
{{- fail (printf "config.%s is a secret: name a Secret for it in secretConfig" $name) }}
{{- end }}
{{- end }}
{{- range $name, $_ := .Values.secretConfig }}
{{- if not (has $name $secret) }}
{{- fail (printf "secretConfig.%s is none of %s" $name (join ", " $secret)) }}
{{- end }}
{{- end }}
{{- end }}
