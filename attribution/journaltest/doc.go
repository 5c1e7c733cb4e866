// Package journaltest holds what every kind of attribution.Journal must pass,
// and a journal in memory for the tests of those who use one.
//
//	journaltest.Run(t, func(t *testing.T) journaltest.Opener {
//		path := filepath.Join(t.TempDir(), "events")
//		return func() (attribution.Journal, error) { return ndjson.Open(path, ndjson.Options{}) }
//	})
//
// It is for tests, and no part of what is shipped.
package journaltest
