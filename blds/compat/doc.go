// Package compat compares two versions of a schema.
package compat
