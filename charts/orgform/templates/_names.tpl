{{- define "orgform.name" -}}
{{- if contains "orgform" .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-orgform" .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "orgform.selector" -}}
app.kubernetes.io/name: orgform
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "orgform.labels" -}}
{{ include "orgform.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "orgform.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "orgform.name" .) -}}
{{- else -}}
{{- required "serviceAccount.name is needed where the chart makes none" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "orgform.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What the operator does in each namespace that it looks after, and nothing else. */}}
{{- define "orgform.rules" -}}
# Reads what is declared; writes finalizers and takes annotations that were carried out away. It never deletes.
- apiGroups: [orgform.dev]
  resources: [providers, accounts, roles, members, apikeys]
  verbs: [get, list, watch, patch]
- apiGroups: [orgform.dev]
  resources: [providers/status, accounts/status, roles/status, members/status, apikeys/status]
  verbs: [patch]
# Reads credentials.
{{- if .Values.secrets.names }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: {{ toJson .Values.secrets.names }}
  verbs: [get]
{{- else }}
# Watches them too (their metadata only), so that a new one is used at once.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
{{- if .Values.secrets.write }}
# Puts secrets of API keys away. Nobody can be asked for a name that is not there yet.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.secrets.names }}
  resourceNames: {{ toJson . }}
  {{- end }}
  verbs: [patch]
{{- end }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end -}}
