package engine

// The kinds of change that move a version.
const (
	ReportsOfSubject    = reportsOfSubject
	ReportsInTopic      = reportsInTopic
	AttributesOfSubject = attributesOfSubject
	JoinedTopic         = joinedTopic
	AttributesInTopic   = attributesInTopic
	CatalogChange       = catalogChange
)

// Change is a kind of change.
type Change = change

// Mute lets kinds of change leave no trace.
func (e *Engine) Mute(list ...Change) {
	e.versions.muted = 0
	for _, c := range list {
		e.versions.muted |= 1 << c
	}
}

// OrderAll makes orders of topics of any size, the first time that they are asked for.
func (e *Engine) OrderAll() { e.standing.least = 0 }

// KeptOrders returns how many orders of its list a prepared ranking keeps.
func (p *Prepared) KeptOrders() int {
	if kept := p.orders.Load(); kept != nil {
		return len(kept.orders)
	}
	return 0
}
