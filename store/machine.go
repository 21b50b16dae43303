package store

import "time"

// Machine is the clock of this machine, which the database's may differ from, or what
// Config.Clock put in its place. A difference of two of its times is how long it
// took, whatever was done to the machine's calendar meanwhile; tx.Now is for what is written.
func (db *DB) Machine() time.Time { return db.clock() }
