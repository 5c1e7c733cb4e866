// Package pages has what tests of pages in real browsers share: the browsers, an
// auth service, a flags file, the package built for a page, and the reading of
// what a script says of its cases.
//
//	auth := pages.NewAuth(t)
//	url := pages.Serve(t, folder, auth, control)
//	pages.Cases(t, rig.Start(t, "run.mjs", dir, nil, rig.Node(t), "run.mjs", url, pages.Chromium(t)), names)
//
// It knows no case and no page: those stand in the tests.
package pages
