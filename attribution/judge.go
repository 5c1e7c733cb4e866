package attribution

// verdict is what follows from sights and the open records of their places.
type verdict struct {
	confirm []Record // the author is certain
	forget  []Record // lost, or settled with a place that has a name now
	doubt   []Record // to leave in the journal: sights that settle nothing, and named copies
	again   []sight  // those sights, to be looked at behind that
}

// judge applies rules 3, 4 and 7: no clock, no state, no luck.
func judge(due []sight, open []Record) (v verdict) {
	at := map[Place][]Record{}
	for _, rec := range open {
		at[rec.Place()] = append(at[rec.Place()], rec)
	}
	for _, d := range due {
		candidates := at[d.at]
		if nameless := d.at; nameless.BackendID != "" {
			nameless.BackendID = ""
			candidates = append(candidates[:len(candidates):len(candidates)], at[nameless]...)
		}
		v.place(d, candidates)
	}
	return v
}

// place judges one place. An intent that names no log may have been for an
// earlier one: it is a candidate, but what is seen here does not make it lose.
func (v *verdict) place(d sight, candidates []Record) {
	var match, nameless []Record
	marked := false
	for _, rec := range candidates {
		switch here := rec.BackendID == d.at.BackendID; {
		case rec.Sight():
			marked = marked || here
		case rec.Hash == d.hash:
			match = append(match, rec)
			if !here {
				nameless = append(nameless, rec)
			}
		case here:
			v.forget = append(v.forget, rec)
		}
	}
	one, certain := author(match)
	switch {
	case len(match) == 0:
		if marked {
			v.forget = append(v.forget, mark(d))
		}
	case certain:
		one.BackendID = d.at.BackendID
		v.confirm = append(v.confirm, one)
		v.forget = append(v.forget, nameless...)
	case !marked:
		v.doubt = append(v.doubt, mark(d))
		v.again = append(v.again, d)
		for _, rec := range nameless { // what becomes of it elsewhere lifts no doubt here
			rec.BackendID = d.at.BackendID
			v.doubt = append(v.doubt, rec)
		}
	}
}

// author returns the one record that several offers of one content make, and
// whether they are of one user. Where they came by several connections, none is
// named.
func author(match []Record) (one Record, certain bool) {
	for i, rec := range match {
		switch {
		case i == 0:
			one = rec
		case rec.UserID != one.UserID:
			return Record{}, false
		default:
			shared := one.ConnectionID
			if rec.ConnectionID != shared {
				shared = ""
			}
			if rec.Timestamp.Before(one.Timestamp) {
				one = rec
			}
			one.ConnectionID = shared
		}
	}
	one.State = Confirmed
	return one, len(match) > 0
}

// mark is the record of a sight.
func mark(d sight) Record {
	return Record{StoreID: d.at.StoreID, BackendID: d.at.BackendID, SeqNum: d.at.SeqNum, EventID: d.at.EventID, Hash: d.hash}
}
