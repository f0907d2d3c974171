package replica

// CutOff ends all contact with the other nodes at once, as the death of a process does.
func (r *Raft) CutOff() {
	r.transport.CloseStreams()
	_ = r.stream.Close()
	r.control.end()
}

// EntryLog is the log of entries in a directory.
type EntryLog = entryLog

// OpenEntryLog opens the log of a node that does not run.
func OpenEntryLog(dir string) (*EntryLog, error) { return openEntryLog(dir, entryLogger{&Raft{}}) }
