// Package house holds the rules of this repository as tests: who may import
// whom, what every package says about itself, how long things may grow, what a
// dependency needs and which words no file may hold.
//
//	go test ./internal/house              # what is wrong, why, and how to mend it
//	go test ./internal/house -run House -v # the figures as well
//	go test ./internal/house -run Offence  # that each rule notices its offence
//
// It judges form alone and does not run, link or replace the tests beside the
// code; the rules are in the test files, one file for each kind.
package house
