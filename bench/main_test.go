package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/bench/internal/report"
)

const published, document, chart = "results/published.json", "../docs/performance.md", "../docs/performance.svg"

func TestTheDocumentShowsThePublishedRun(t *testing.T) {
	if err := render([]string{"-check", published, document, chart}); err != nil {
		t.Error(err)
	}
}

func TestAQuickRunIsNotPublished(t *testing.T) {
	quick := filepath.Join(t.TempDir(), "quick.json")
	if err := save(quick, report.Result{Quick: true}); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "performance.md")
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := render([]string{quick, copied, filepath.Join(t.TempDir(), "chart.svg")}); err == nil {
		t.Error("it was rendered")
	}
}

func TestTargetsAreChosenByNameAndUnknownOnesRefused(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) < 10 {
		t.Errorf("%d targets, %v", len(all), err)
	}
	two, err := choose("splice,nginx")
	if err != nil || len(two) != 2 || two[0].Name != "splice" || two[1].Name != "nginx" {
		t.Errorf("%v, %v", two, err)
	}
	if _, err := choose("splice,apache"); err == nil {
		t.Error("an unknown target was taken")
	}
}

func TestAFailedTargetFailsTheRunAndAMissingOneDoesNot(t *testing.T) {
	if complete(report.Result{Targets: []report.Target{{Name: "a", Absent: "not installed"}}}) != nil {
		t.Error("a missing peer failed the run")
	}
	if complete(report.Result{Targets: []report.Target{{Name: "a", Absent: "failed"}}}) == nil {
		t.Error("a failure passed")
	}
}
