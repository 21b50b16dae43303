package policy

// check finds what is wrong though every name is known. It runs on a policy that
// compiled without an error.
func (c *compiler) check() {
}
