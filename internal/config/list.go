package config

import "slices"

// List is one or more values: a scalar in the file, or a list.
type List []string

// Has reports whether value is in the list.
func (l List) Has(value string) bool { return slices.Contains(l, value) }
