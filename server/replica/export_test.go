package replica

// CutOff ends all contact with the other nodes at once, as the death of a process does.
func (r *Raft) CutOff() {
	r.transport.CloseStreams()
	_ = r.stream.Close()
	r.control.end()
}
