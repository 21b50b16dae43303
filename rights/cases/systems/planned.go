package systems

import "github.com/avowhq/avow/datamap/plan"

// Planned is the plan in what Capture captured of one system, to be shown to staff.
func Planned(captured []byte) (*plan.Plan, error) {
	_, p, err := decode(captured)
	return p, err
}
