package sqlite

import "github.com/syncward/syncward/attribution"

// Plan says how SQLite would answer a query, a line for each step.
func (j *Journal) Plan(q attribution.Query) (steps []string, err error) {
	text, args := j.selection(q)
	rows, err := j.reads.Query("EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, rows.Err()
}
