//go:build tools

// Package tools names the installer that the tests run.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
