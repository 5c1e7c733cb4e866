package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/syncward/syncward/attribution"
)

// eventJSON is an event as JSON has it, here and in the admin API.
type eventJSON struct {
	StoreID      string            `json:"storeId"`
	BackendID    string            `json:"backendId"`
	SeqNum       int64             `json:"seqNum"`
	EventID      string            `json:"eventId,omitempty"`
	Name         string            `json:"name"`
	UserID       string            `json:"userId"`
	ConnectionID string            `json:"connectionId"`
	ClientID     string            `json:"clientId"`
	SessionID    string            `json:"sessionId,omitempty"`
	Timestamp    int64             `json:"timestamp"` // ms since the epoch
	State        attribution.State `json:"state"`
}

func asJSON(r attribution.Record) eventJSON {
	return eventJSON{r.StoreID, r.BackendID, r.SeqNum, r.EventID, r.Name, r.UserID, r.ConnectionID, r.ClientID, r.SessionID, r.Timestamp.UnixMilli(), r.State}
}

// printer prints events one after the other.
type printer struct {
	event func(attribution.Record) error
	end   func() error
}

func printerOf(format string, w io.Writer) (printer, error) {
	switch format {
	case "table":
		return tablePrinter(w), nil
	case "json":
		out := bufio.NewWriter(w)
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return printer{func(r attribution.Record) error { return enc.Encode(asJSON(r)) }, out.Flush}, nil
	case "csv":
		return csvPrinter(w), nil
	}
	return printer{}, fmt.Errorf("--format: %q is none of table, json, csv", format)
}

// tableRows is how many rows share their widths: so much is in memory.
const tableRows = 1000

func tablePrinter(w io.Writer) printer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STORE\tBACKEND\tEVENT\tNAME\tUSER\tSTATE\tRECEIVED\tCLIENT\tCONNECTION")
	rows := 0
	return printer{func(r attribution.Record) error {
		if rows++; rows%tableRows == 0 {
			if err := t.Flush(); err != nil {
				return err
			}
		}
		var cells []string
		for _, text := range []string{r.StoreID, r.BackendID, number(r), r.Name, r.UserID, string(r.State), received(r), r.ClientID, r.ConnectionID} {
			cells = append(cells, or(visible(text), "-"))
		}
		_, err := fmt.Fprintln(t, strings.Join(cells, "\t"))
		return err
	}, t.Flush}
}

// number is what an event is called in its log.
func number(r attribution.Record) string {
	if r.EventID != "" {
		return r.EventID
	}
	return strconv.FormatInt(r.SeqNum, 10)
}

func received(r attribution.Record) string {
	return r.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// visible keeps what a client wrote from steering the terminal: control and
// direction characters become ?.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

func csvPrinter(w io.Writer) printer {
	out := csv.NewWriter(w)
	err := out.Write([]string{"storeId", "backendId", "seqNum", "eventId", "name", "userId", "state", "timestamp", "clientId", "sessionId", "connectionId"})
	return printer{func(r attribution.Record) error {
		if err != nil {
			return err
		}
		return out.Write([]string{inert(r.StoreID), inert(r.BackendID), strconv.FormatInt(r.SeqNum, 10), inert(r.EventID), inert(r.Name), inert(r.UserID),
			string(r.State), r.Timestamp.UTC().Format(time.RFC3339Nano), inert(r.ClientID), inert(r.SessionID), inert(r.ConnectionID)})
	}, func() error {
		out.Flush()
		return out.Error()
	}}
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
