//go:build !unix

package sqldb

import "os"

// mayWrite opens the file: its locks belong to those who opened it, and not to the process.
func mayWrite(file string) bool {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	return err == nil && f.Close() == nil
}
