package observe

import "strconv"

// Lists shows the label lists that mirror constants elsewhere: "package
// type" → values.
func Lists() map[string][]string {
	return map[string][]string{
		"authz Status":        words(statuses),
		"authz Code":          words(codes),
		"authz Mode":          indexes(len(modes)),
		"proxy Source":        words(sources),
		"proxy Stage":         words(stages),
		"proxy DialResult":    words(dialResults),
		"proxy State":         words(states),
		"proxy RefreshHow":    words(hows),
		"proxy RefreshResult": words(refreshes),
		"engine By":           words(enders),
		"engine Direction":    indexes(len(directions)),
		"observe Reload":      words(reloads),
	}
}

// indexes returns "0" to "n-1": the values of an enumeration of n constants.
func indexes(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}
